//! The function itself, as Lambda runs it, and what it logs.

use super::{Gate, answer, event};
use crate::support::agent::RefusingPort;
use crate::support::lambda::{Function, failed_start};
use crate::support::log::Log;
use crate::support::tokens::{MADE, issuer_with, token};

const BINARY: &str = env!("CARGO_BIN_EXE_authorizer");

fn bearer(name: &str) -> serde_json::Value {
    event(&[("Authorization", &format!("Bearer {}", token(name)))], &[])
}

#[tokio::test]
async fn the_function_lets_in_whom_it_should_and_denies_without_failing() {
    let issuer = issuer_with("both").await;
    let variables =
        [("JWT_ISSUER", &*MADE.issuer), ("JWT_AUDIENCES", &*MADE.audience), ("JWT_JWKS_URL", &issuer.url())];
    let mut function = Function::start(BINARY, &variables).await;
    // By the machine's clock: this one is good until 2100, that one has long expired.
    assert_eq!(function.invoke(&bearer("lasting")).await, Ok(answer(Some("auth0|ada"))));
    assert_eq!(function.invoke(&bearer("rs256")).await, Ok(answer(None)));
    assert_eq!(function.invoke(&event(&[], &[])).await, Ok(answer(None)));
    let error = function.invoke(&serde_json::json!({"requestContext": {}})).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("methodArn"), "{error}");
    assert_eq!(function.invoke(&bearer("lasting")).await, Ok(answer(Some("auth0|ada"))));
    assert_eq!(issuer.requests().len(), 1);
    let log = function.stop();
    assert!(log.contains("the token has expired") && log.contains("no token was given"), "{log}");
    assert_no_secrets(&log, &["lasting", "rs256"]);
}

/// What the function writes when it refuses.
pub(crate) async fn refused() -> Vec<serde_json::Value> {
    let issuer = issuer_with("both").await;
    let variables =
        [("JWT_ISSUER", &*MADE.issuer), ("JWT_AUDIENCES", &*MADE.audience), ("JWT_JWKS_URL", &issuer.url())];
    let mut function = Function::start(BINARY, &variables).await;
    assert_eq!(function.invoke(&bearer("rs256")).await, Ok(answer(None)));
    function.stop().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test]
async fn a_function_without_its_settings_does_not_start_and_says_which() {
    let log = failed_start(BINARY, &[("JWT_ISSUER", "https://issuer.example")]).await;
    assert!(log.contains("the environment variable JWT_AUDIENCES must be set, or JWT_CLIENTS"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// Nothing of these tokens that could be used, or that says whose they are.
fn assert_no_secrets(log: &str, names: &[&str]) {
    // What is shorter stands in places of its own right, such as a time.
    for piece in names.iter().flat_map(|name| token(name).split('.')).filter_map(|part| part.get(..16)) {
        assert!(!log.contains(piece), "a part of a token is in the log: {log}");
    }
    assert!(!log.contains("ada"), "{log}");
}

#[tokio::test]
async fn the_log_has_a_reason_and_no_token_whatever_is_refused() {
    let issuer = issuer_with("both").await;
    let (gate, log) = (Gate::new(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_TOKEN_IN_QUERY", "true")]), Log::capture());
    let names: Vec<&str> = MADE.tokens.keys().map(String::as_str).collect();
    for name in &names {
        let _ = gate.handle(bearer(name)).await;
        let _ = gate.handle(event(&[("Sec-WebSocket-Protocol", &format!("bearer, {}", token(name)))], &[])).await;
        let _ = gate.handle(event(&[], &[("token", token(name))])).await;
    }
    let text = log.text();
    let own: String = text.lines().filter(|line| line.contains("agentcore_gateway")).collect();
    for reason in ["has expired", "is malformed", "signature is wrong", "another audience", "none of the issuer's"] {
        assert!(own.contains(reason), "{reason}: {own}");
    }
    assert_no_secrets(&text, &names);
}

#[tokio::test]
async fn a_connection_is_denied_and_the_log_warns_if_the_issuer_is_out_of_reach() {
    let (port, log) = (RefusingPort::bind(), Log::capture());
    let gate = Gate::with_keys_at(&port.url());
    assert_eq!(gate.handle(bearer("rs256")).await, answer(None));
    let text = log.text();
    assert!(text.contains("WARN") && text.contains("the issuer's keys could not be fetched"), "{text}");
    assert!(text.contains("the issuer's keys are not available"), "{text}");
    assert_no_secrets(&text, &["rs256"]);
}
