//! Which tokens are good, one rule at a time.

use agentcore_gateway::authorizer::{Difference, Refusal};

use super::Gate;
use crate::support::tokens::{MADE, issuer_with, token};

const ADA: &str = "auth0|ada";

/// Each token has this outcome, with the issuer's two keys.
async fn expect(outcomes: &[(&str, Result<&str, Refusal>)]) {
    expect_with(&[], "both", outcomes).await;
}

/// Each token has this outcome, with the keys of this name and with `variables`.
async fn expect_with(
    variables: &[(&str, &str)],
    keys: &'static str,
    outcomes: &[(impl AsRef<str>, Result<&str, Refusal>)],
) {
    let issuer = issuer_with(keys).await;
    let gate = Gate::new(&[variables, &[("JWT_JWKS_URL", &issuer.url())]].concat());
    for (name, outcome) in outcomes {
        let name = name.as_ref();
        assert_eq!(gate.verify(name).await, outcome.map(str::to_owned), "{name}");
    }
}

#[tokio::test]
async fn the_principal_is_the_subject() {
    expect(&[("rs256", Ok(ADA)), ("es256", Ok(ADA)), ("other_subject", Ok("auth0|bob"))]).await;
}

#[tokio::test]
async fn a_token_expires_with_a_minute_of_leeway() {
    expect(&[
        ("expired_59_seconds_ago", Ok(ADA)),
        ("expired_59_and_a_half_seconds_ago", Ok(ADA)),
        ("expired_60_seconds_ago", Err(Refusal::Expired)),
        ("expired_in_1970", Err(Refusal::Expired)),
        ("without_exp", Err(Refusal::Malformed)),
        ("exp_is_text", Err(Refusal::Malformed)),
        ("exp_is_huge", Err(Refusal::Malformed)),
        ("exp_twice", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn a_token_is_valid_from_nbf_on_with_a_minute_of_leeway() {
    expect(&[
        ("valid_in_60_seconds", Ok(ADA)),
        ("valid_in_61_seconds", Err(Refusal::NotYetValid)),
        ("nbf_is_text", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_issuer_is_the_configured_one_to_the_character() {
    expect(&[
        ("other_issuer", Err(Refusal::WrongIssuer(Difference::Another))),
        ("issuer_without_slash", Err(Refusal::WrongIssuer(Difference::SlashTooMany))),
        ("issuer_with_two_slashes", Err(Refusal::WrongIssuer(Difference::SlashLacking))),
        ("issuer_in_a_list", Err(Refusal::Malformed)),
        ("without_issuer", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_audience_is_a_configured_one_or_holds_one() {
    expect(&[
        ("audience_in_a_list", Ok(ADA)),
        ("other_audience", Err(Refusal::WrongAudience)),
        ("other_audiences", Err(Refusal::WrongAudience)),
        ("no_audience_in_a_list", Err(Refusal::WrongAudience)),
        ("without_audience", Err(Refusal::WrongClient)),
        ("audience_is_empty", Err(Refusal::WrongAudience)),
        ("audience_is_null", Err(Refusal::Malformed)),
        ("audience_is_a_number", Err(Refusal::Malformed)),
        ("audiences_with_a_number", Err(Refusal::Malformed)),
        // Whom it was given to is nobody's business where it says for whom it is.
        ("of_another_client_for_the_audience", Ok(ADA)),
    ])
    .await;
}

#[tokio::test]
async fn an_audience_may_be_any_of_several() {
    let variables = [("JWT_AUDIENCES", "web,another")];
    expect_with(&variables, "both", &[("other_audience", Ok(ADA)), ("other_audiences", Ok(ADA))]).await;
    expect_with(&variables, "both", &[("rs256", Err(Refusal::WrongAudience))]).await;
}

#[tokio::test]
async fn a_token_without_audience_is_good_if_its_client_is_a_configured_one() {
    let variables = [("JWT_AUDIENCES", ""), ("JWT_CLIENTS", "web,mobile,http://localhost:3000")];
    let outcomes = [
        ("client_id", Ok(ADA)),
        ("azp", Ok(ADA)),
        ("azp_is_a_page", Ok(ADA)),
        ("client_id_before_azp", Ok(ADA)),
        ("another_client_id_before_azp", Err(Refusal::WrongClient)),
        ("null_client_id_before_azp", Err(Refusal::WrongClient)),
        ("another_azp", Err(Refusal::WrongClient)),
        ("without_audience", Err(Refusal::WrongClient)),
        ("client_id_is_a_number", Err(Refusal::WrongClient)),
        ("clients_in_a_list", Err(Refusal::WrongClient)),
        ("client_id_twice", Err(Refusal::Malformed)),
        ("audience_is_null", Err(Refusal::Malformed)),
        ("audience_is_empty", Err(Refusal::WrongAudience)),
        ("no_audience_in_a_list", Err(Refusal::WrongAudience)),
        ("expired_of_a_client", Err(Refusal::Expired)),
    ];
    expect_with(&variables, "both", &outcomes).await;
}

#[tokio::test]
async fn a_token_without_audience_is_an_access_token_if_it_says_what_it_is() {
    let outcomes = [
        ("token_use_access", Ok(ADA)),
        ("token_use_id", Err(Refusal::NoAccessToken)),
        ("token_use_in_capitals", Err(Refusal::NoAccessToken)),
        ("token_use_null", Err(Refusal::NoAccessToken)),
    ];
    expect_with(&[("JWT_CLIENTS", "mobile")], "both", &outcomes).await;
}

#[tokio::test]
async fn a_client_does_not_make_a_token_for_another_audience_good() {
    let refused = Err(Refusal::WrongAudience);
    for audiences in [&*MADE.audience, ""] {
        let variables = [("JWT_AUDIENCES", audiences), ("JWT_CLIENTS", &*MADE.client)];
        expect_with(&variables, "both", &[("of_the_client_for_another_audience", refused)]).await;
    }
    // Nor is an audience a client, or a client an audience.
    expect_with(&[("JWT_AUDIENCES", "mobile")], "both", &[("client_id", Err(Refusal::WrongClient))]).await;
    expect_with(&[("JWT_AUDIENCES", ""), ("JWT_CLIENTS", "another")], "both", &[("other_audience", refused)]).await;
}

#[tokio::test]
async fn the_subject_is_one_that_can_be_a_principal() {
    let long = "s".repeat(2048);
    expect(&[
        ("long_subject", Ok(&long)),
        ("too_long_subject", Err(Refusal::WrongSubject)),
        ("empty_subject", Err(Refusal::WrongSubject)),
        ("subject_anonymous", Err(Refusal::WrongSubject)),
        ("subject_is_a_number", Err(Refusal::Malformed)),
        ("without_subject", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_key_whatever_the_token_says() {
    expect(&[
        ("none", Err(Refusal::Malformed)),
        ("hmac_with_the_public_key", Err(Refusal::WrongAlgorithm)),
        ("hmac_called_rs256", Err(Refusal::WrongSignature)),
        ("eddsa_by_another", Err(Refusal::UnknownKey)),
        ("rs512", Err(Refusal::WrongAlgorithm)),
        ("ps256", Err(Refusal::WrongAlgorithm)),
        ("es256_with_the_id_of_the_rsa_key", Err(Refusal::WrongAlgorithm)),
        ("rs256_with_the_id_of_the_ec_key", Err(Refusal::WrongAlgorithm)),
    ])
    .await;
}

/// All that there are keys for.
const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

#[tokio::test]
async fn each_algorithm_is_verified_by_a_key_that_names_it() {
    let good = ALGORITHMS.map(|name| (format!("as_{name}"), Ok(ADA)));
    expect_with(&[], "algorithms", &good).await;
    expect_with(&[], "algorithms", &[("eddsa_by_another", Err(Refusal::WrongSignature))]).await;
}

#[tokio::test]
async fn a_key_that_names_its_algorithm_verifies_no_other() {
    let others = ALGORITHMS[1..].iter().map(|name| format!("{name}_with_the_key_of_RS256"));
    let refused: Vec<_> = others.map(|name| (name, Err(Refusal::WrongAlgorithm))).collect();
    expect_with(&[], "algorithms", &refused).await;
    let refused = [("rs384_with_the_key_of_rs512", Err(Refusal::WrongAlgorithm))];
    expect_with(&[], "algorithms", &refused).await;
}

#[tokio::test]
async fn a_key_that_names_none_verifies_those_of_its_kind() {
    let good: Vec<_> = ALGORITHMS[..6].iter().map(|name| (format!("unnamed_as_{name}"), Ok(ADA))).collect();
    expect_with(&[], "unnamed_algorithms", &good).await;
    let good: Vec<_> = ALGORITHMS[6..].iter().map(|name| (format!("as_{name}"), Ok(ADA))).collect();
    expect_with(&[], "unnamed_algorithms", &good).await;
}

#[tokio::test]
async fn a_token_signed_by_somebody_else_is_refused() {
    expect(&[
        ("signed_by_another", Err(Refusal::WrongSignature)),
        ("brings_its_own_key", Err(Refusal::WrongSignature)),
        ("der_signature", Err(Refusal::WrongSignature)),
    ])
    .await;
}

#[tokio::test]
async fn a_critical_extension_is_refused() {
    expect(&[("critical", Err(Refusal::CriticalExtension)), ("critical_and_unknown", Err(Refusal::CriticalExtension))])
        .await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_refused_where_there_are_several_keys() {
    expect(&[("without_kid", Err(Refusal::UnknownKey))]).await;
}

#[tokio::test]
async fn claims_that_are_none_are_refused() {
    expect(&[("not_json", Err(Refusal::Malformed)), ("claims_are_a_list", Err(Refusal::Malformed))]).await;
}

/// `token` with the character in the middle of its part `index` replaced.
fn tampered(token: &str, index: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let middle = parts[index].len() / 2;
    let other = if &parts[index][middle..=middle] == "A" { "B" } else { "A" };
    parts[index].replace_range(middle..=middle, other);
    parts.join(".")
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for name in ["rs256", "es256"] {
        for part in [1, 2] {
            let outcome = gate.authorizer.verify(&tampered(token(name), part)).await;
            assert_eq!(outcome, Err(Refusal::WrongSignature), "{name}, part {part}");
        }
    }
    // The signature of one token under the claims of another.
    let (ada, bob) = (token("rs256").split('.'), token("other_subject").split('.'));
    let mixed = bob.take(2).chain(ada.skip(2)).collect::<Vec<_>>().join(".");
    assert_eq!(gate.authorizer.verify(&mixed).await, Err(Refusal::WrongSignature));
}

#[tokio::test]
async fn what_is_no_token_is_refused_without_asking_the_issuer() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    let (head, rest) = token("rs256").split_once('.').unwrap();
    let unsigned = format!("{head}.{}", rest.split_once('.').unwrap().0);
    let four = format!("{}.x", token("rs256"));
    let padded = format!("{head}=.{rest}");
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "ключ", "\0.\0.\0", &unsigned, &four, &padded] {
        assert_eq!(gate.authorizer.verify(text).await, Err(Refusal::Malformed), "{text:?}");
    }
    assert_eq!(issuer.requests().len(), 0);
}

#[tokio::test]
async fn a_token_longer_than_headers_may_be_is_not_even_read() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for length in [10_241, 10_000_000] {
        assert_eq!(gate.authorizer.verify(&"a".repeat(length)).await, Err(Refusal::TooLong));
    }
    assert_eq!(gate.authorizer.verify(&"a".repeat(10_240)).await, Err(Refusal::Malformed));
    assert_eq!(issuer.requests().len(), 0);
}

#[test]
fn no_private_key_is_among_the_fixtures() {
    let keys = MADE.documents.values().flat_map(|document| document["keys"].as_array().unwrap());
    for key in keys {
        assert!(key.get("d").is_none(), "{key}");
    }
}
