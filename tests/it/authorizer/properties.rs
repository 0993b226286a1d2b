//! Whatever a client sends, it gets an answer, and only a good token opens.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use tokio::runtime::Builder;

use super::{Gate, answer, event};
use crate::support::tokens::{issuer_with, token};

/// What HTTP lets a header's value be, with pieces of what is looked for.
fn header() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\t -~\u{80}-\u{ff}]{0,12}",
        Just("Bearer ".to_owned()),
        Just("bearer".to_owned()),
        Just(", ".to_owned()),
        Just(".".to_owned()),
        "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A good token with some of its bytes changed, all still of base64url.
fn mutilated() -> impl Strategy<Value = String> {
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), "[A-Za-z0-9_.-]"), 1..4);
    (prop_oneof![Just("rs256"), Just("es256")], changes).prop_map(|(name, changes)| {
        let mut text = token(name).to_owned();
        for (place, character) in changes {
            let place = place.index(text.len());
            text.replace_range(place..=place, &character);
        }
        text
    })
}

#[test]
fn no_header_and_no_parameter_does_harm() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let issuer = runtime.block_on(issuer_with("both"));
    let gate = Gate::new(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_TOKEN_IN_QUERY", "true")]);
    proptest!(|(authorization in header(), subprotocol in header(), parameter in any::<String>())| {
        let headers = [("Authorization", &*authorization), ("Sec-WebSocket-Protocol", &*subprotocol)];
        let answered = runtime.block_on(gate.handle(event(&headers, &[("token", &parameter)])));
        assert_eq!(answered, answer(None));
    });
}

#[test]
fn no_change_to_a_good_token_makes_another_good_one() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let issuer = runtime.block_on(issuer_with("both"));
    let gate = Gate::with_keys_at(&issuer.url());
    proptest!(|(text in mutilated())| {
        let unchanged = text == token("rs256") || text == token("es256");
        let outcome = runtime.block_on(gate.authorizer.verify(&text));
        assert_eq!(outcome.is_ok(), unchanged, "{}", text);
    });
}
