//! The issuer's keys found by OpenID Connect Discovery.
//!
//! The tokens are another issuer's than the one on this machine, whose port nobody knew when they were made. That the
//! issuer is the only thing wrong with them shows that the keys were found.

use agentcore_gateway::authorizer::{Difference, Refusal};
use serde_json::{Value, json};

use super::Gate;
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::log::Log;
use crate::support::tokens::key_set;

const DISCOVERY: &str = "/tenant/.well-known/openid-configuration";

/// What an issuer says of itself, made of its URL.
type Describe = fn(&str) -> Value;

/// An issuer at `/tenant/` of the server that says what `describe` makes.
async fn issuer(describe: Describe) -> (FakeAgent, Gate) {
    let server = FakeAgent::start(move |request: &Request| {
        let base = format!("http://{}", request.header("host").unwrap());
        match request.path.as_str() {
            DISCOVERY => Script::json(describe(&base).to_string()),
            "/keys" => key_set("both"),
            path => Script::status(404, path),
        }
    })
    .await;
    let gate = Gate::new(&[("JWT_ISSUER", &format!("{}/tenant/", server.url()))]);
    (server, gate)
}

fn paths(server: &FakeAgent) -> Vec<String> {
    server.requests().into_iter().map(|request| request.path).collect()
}

#[tokio::test]
async fn keys_are_where_the_issuer_says() {
    let (server, gate) =
        issuer(|base| json!({"issuer": format!("{base}/tenant/"), "jwks_uri": format!("{base}/keys")})).await;
    assert_eq!(gate.verify("rs256").await, Err(Refusal::WrongIssuer(Difference::Another)));
    assert_eq!(paths(&server), [DISCOVERY, "/keys"]);
    assert_eq!(gate.verify("signed_by_another").await, Err(Refusal::WrongSignature));
    assert_eq!(paths(&server).len(), 2);
}

#[tokio::test]
async fn a_document_that_is_not_this_issuer_s_is_not_believed() {
    let refused: [(Describe, &str); 5] = [
        (|base| json!({"issuer": "https://evil.example/", "jwks_uri": format!("{base}/keys")}), "another issuer's"),
        (
            |base| json!({"issuer": format!("{base}/tenant"), "jwks_uri": format!("{base}/keys")}),
            "another issuer's: its issuer differs from the configured one by its last slash only, which it lacks itself",
        ),
        (|base| json!({"jwks_uri": format!("{base}/keys")}), "it is no discovery document"),
        (|base| json!({"issuer": format!("{base}/tenant/")}), "it is no discovery document"),
        (
            |base| json!({"issuer": format!("{base}/tenant/"), "jwks_uri": "http://issuer.example/keys"}),
            "does not begin with https://",
        ),
    ];
    for (describe, why) in refused {
        let log = Log::capture();
        let (server, gate) = issuer(describe).await;
        assert_eq!(gate.verify("rs256").await, Err(Refusal::NoKeys), "{why}");
        assert_eq!(paths(&server), [DISCOVERY], "{why}");
        assert!(log.text().contains(why) && log.text().contains(DISCOVERY), "{why}: {}", log.text());
    }
}
