//! Where a token may stand in the request, and what API Gateway is answered.

use agentcore_gateway::authorizer::NoMethod;
use serde_json::{Value, json};

use super::{Gate, answer, event};
use crate::support::agent::FakeAgent;
use crate::support::tokens::{issuer_with, token};

const ADA: Option<&str> = Some("auth0|ada");

async fn gate(in_query: &str) -> (Gate, FakeAgent) {
    let issuer = issuer_with("both").await;
    (Gate::new(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_TOKEN_IN_QUERY", in_query)]), issuer)
}

/// Who is let in with these headers.
async fn with_headers(headers: &[(&str, &str)]) -> Value {
    gate("false").await.0.handle(event(headers, &[])).await
}

#[tokio::test]
async fn a_token_may_stand_in_the_authorization_header() {
    let (good, scheme_only) = (token("rs256"), "Bearer");
    for name in ["Authorization", "authorization", "AUTHORIZATION"] {
        for scheme in ["Bearer ", "bearer ", "BEARER   "] {
            assert_eq!(with_headers(&[(name, &format!("{scheme}{good}"))]).await, answer(ADA), "{name}: {scheme}");
        }
    }
    for value in [scheme_only, "Bearer ", good, &format!("Bearer{good}"), &format!("Bearer {good} {good}")] {
        assert_eq!(with_headers(&[("Authorization", value)]).await, answer(None), "{value}");
    }
}

#[tokio::test]
async fn a_token_may_stand_behind_the_subprotocol_bearer() {
    let good = token("es256");
    for word in ["bearer", "Bearer", "BEARER"] {
        for value in [format!("{word}, {good}"), format!("{word},{good}"), format!("{word}, {good}, chat")] {
            assert_eq!(with_headers(&[("Sec-WebSocket-Protocol", &value)]).await, answer(ADA), "{value}");
        }
    }
    for value in [
        good.to_owned(),
        format!("chat, {good}"),
        format!("{good}, bearer"),
        format!("chat, bearer, {good}"),
        "bearer".to_owned(),
    ] {
        assert_eq!(with_headers(&[("Sec-WebSocket-Protocol", &value)]).await, answer(None), "{value}");
    }
    let lines = [("Sec-WebSocket-Protocol", "bearer"), ("Sec-WebSocket-Protocol", good)];
    assert_eq!(with_headers(&lines).await, answer(ADA), "the header in two lines is one list");
}

#[tokio::test]
async fn a_token_may_stand_in_the_query_only_if_that_is_allowed() {
    let event = event(&[], &[("token", token("rs256"))]);
    assert_eq!(gate("true").await.0.handle(event.clone()).await, answer(ADA));
    assert_eq!(gate("false").await.0.handle(event.clone()).await, answer(None));
    assert_eq!(gate("").await.0.handle(event).await, answer(None));
}

#[tokio::test]
async fn a_token_that_is_not_allowed_in_the_query_does_not_hinder_another() {
    let (gate, _issuer) = gate("false").await;
    let bearer = format!("Bearer {}", token("rs256"));
    let event = event(&[("Authorization", &bearer)], &[("token", token("other_subject"))]);
    assert_eq!(gate.handle(event).await, answer(ADA));
}

#[tokio::test]
async fn several_tokens_are_refused_even_if_they_are_the_same() {
    let (gate, _issuer) = gate("true").await;
    let good = token("rs256");
    let (header, subprotocol) = (format!("Bearer {good}"), format!("bearer, {good}"));
    let (header, subprotocol) = (("Authorization", &*header), ("Sec-WebSocket-Protocol", &*subprotocol));
    let query = ("token", good);
    for event in [
        event(&[header, subprotocol], &[]),
        event(&[header], &[query]),
        event(&[subprotocol], &[query]),
        event(&[header, header], &[]),
        event(&[], &[query, query]),
    ] {
        assert_eq!(gate.handle(event.clone()).await, answer(None), "{event}");
    }
}

#[tokio::test]
async fn credentials_of_another_scheme_are_no_token() {
    let subprotocol = format!("bearer, {}", token("rs256"));
    let headers = [("Authorization", "Basic YWRhOnB3"), ("Sec-WebSocket-Protocol", &*subprotocol)];
    assert_eq!(with_headers(&headers).await, answer(ADA));
    assert_eq!(with_headers(&headers[..1]).await, answer(None));
}

#[tokio::test]
async fn an_event_with_single_values_only_is_read_too() {
    let (gate, _issuer) = gate("true").await;
    let mut with_header = event(&[("Authorization", &format!("Bearer {}", token("rs256")))], &[]);
    let mut with_query = event(&[], &[("token", token("rs256"))]);
    for event in [&mut with_header, &mut with_query] {
        for member in ["multiValueHeaders", "multiValueQueryStringParameters"] {
            event.as_object_mut().unwrap().remove(member);
        }
        assert_eq!(gate.handle(event.clone()).await, answer(ADA), "{event}");
    }
}

#[tokio::test]
async fn an_event_without_a_token_is_denied_by_a_policy() {
    let (gate, issuer) = gate("true").await;
    assert_eq!(gate.handle(event(&[], &[])).await, answer(None));
    let mut bare = event(&[], &[]);
    for member in ["headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"] {
        bare[member] = Value::Null;
    }
    assert_eq!(gate.handle(bare).await, answer(None));
    assert_eq!(issuer.requests().len(), 0);
}

#[tokio::test]
async fn an_event_that_does_not_say_what_to_allow_is_an_error() {
    let (gate, _issuer) = gate("true").await;
    for arn in [Value::Null, json!("")] {
        let mut event = event(&[("Authorization", &format!("Bearer {}", token("rs256")))], &[]);
        event["methodArn"] = arn;
        let event = serde_json::from_value(event).unwrap();
        assert_eq!(gate.authorizer.handle(&event).await, Err(NoMethod));
    }
}
