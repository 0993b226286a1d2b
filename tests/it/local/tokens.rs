//! Who may connect on one machine, with tokens: the same as on AWS.

use agentcore_gateway::authorizer::AuthorizerConfig;
use agentcore_gateway::local::{Config, Gateway};
use http::StatusCode;
use serde_json::json;

use crate::support::agent::{FakeAgent, RefusingPort};
use crate::support::log::Log;
use crate::support::socket::{Client, gateway};
use crate::support::tokens::{MADE, issuer_with, token};

/// A gateway for tokens of the fixtures' issuer, whose keys are at `jwks_url`.
async fn gateway_at(jwks_url: &str, change: impl FnOnce(&mut AuthorizerConfig)) -> Gateway {
    let (audiences, clients) = ([MADE.audience.clone()].into(), [MADE.client.clone()].into());
    let mut authorizer = AuthorizerConfig::new(&MADE.issuer, audiences, clients, Some(jwks_url)).unwrap();
    change(&mut authorizer);
    gateway(None, |config: &mut Config| config.authorizer = Some(authorizer)).await
}

async fn guarded() -> (Gateway, FakeAgent) {
    let issuer = issuer_with("both").await;
    (gateway_at(&issuer.url(), |_| {}).await, issuer)
}

async fn connect(gateway: &Gateway, path: &str, name: &str) -> Result<Client, StatusCode> {
    Client::try_connect(gateway, path, &[("authorization", &format!("Bearer {}", token(name)))]).await
}

#[tokio::test]
async fn two_principals_that_use_one_session_id_have_two_sessions() {
    let (gateway, _issuer) = guarded().await;
    let mut ada = connect(&gateway, "/?sessionId=s", "lasting").await.unwrap();
    let mut bob = connect(&gateway, "/?sessionId=s", "lasting_bob").await.unwrap();
    let frames = ada.ask("hi", "r").await;
    assert_eq!(frames.last().unwrap()["type"], "completed");
    let resumed = bob.answer_to(r#"{"action":"resume","sessionId":"s"}"#).await;
    assert_eq!((&resumed["type"], &resumed["state"]), (&json!("resumed"), &json!("idle")), "he heard nothing of hers");
    let stopped = bob.answer_to(r#"{"action":"stop","sessionId":"s","requestId":"r"}"#).await;
    assert_eq!(stopped["type"], "stopping", "for him it is a request that has not come yet");
    // The same person from another device.
    let mut phone = connect(&gateway, "/", "lasting").await.unwrap();
    phone.send(&json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    assert_eq!(phone.next().await.unwrap()["state"], "completed");
    assert_eq!(phone.run("r").await, frames);
}

#[tokio::test]
async fn a_token_comes_in_the_header_or_as_a_subprotocol_and_in_the_query_only_if_that_is_allowed() {
    let issuer = issuer_with("both").await;
    let gateway = gateway_at(&issuer.url(), |_| {}).await;
    let lenient = gateway_at(&issuer.url(), |config| config.token_in_query = true).await;
    let offered = format!("bearer, {}", token("lasting"));
    let client = Client::try_connect(&gateway, "/", &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(client.protocol.as_deref(), Some("bearer"));
    let path = format!("/?token={}", token("lasting"));
    assert_eq!(Client::try_connect(&gateway, &path, &[]).await.err(), Some(StatusCode::FORBIDDEN));
    assert!(Client::try_connect(&lenient, &path, &[]).await.is_ok());
    assert_eq!(connect(&lenient, &path, "lasting").await.err(), Some(StatusCode::FORBIDDEN), "two tokens");
}

#[tokio::test]
async fn an_access_token_of_a_configured_client_needs_no_audience() {
    let issuer = issuer_with("both").await;
    let gateway = gateway_at(&issuer.url(), |_| {}).await;
    let mut client = connect(&gateway, "/", "lasting_client").await.unwrap();
    assert_eq!(client.answer_to(r#"{"action":"ping"}"#).await, json!({"type": "pong"}));
    let strict = gateway_at(&issuer.url(), |config| config.clients.clear()).await;
    assert_eq!(connect(&strict, "/", "lasting_client").await.err(), Some(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn without_a_good_token_nobody_connects_and_the_log_says_why_without_it() {
    let log = Log::capture();
    let (gateway, _issuer) = guarded().await;
    assert_eq!(Client::try_connect(&gateway, "/", &[]).await.err(), Some(StatusCode::FORBIDDEN));
    for name in ["rs256", "signed_by_another", "other_audience", "none"] {
        assert_eq!(connect(&gateway, "/", name).await.err(), Some(StatusCode::FORBIDDEN), "{name}");
    }
    let client = reqwest::Client::new();
    let get = client.get(format!("http://{}/", gateway.address())).header("upgrade", "websocket");
    let get = get.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("sec-websocket-version", "13");
    let body = get.send().await.unwrap().text().await.unwrap();
    assert!(body.contains("log says why"), "{body}");
    let text = log.text();
    for why in ["no token was given", "has expired", "signature is wrong", "another audience", "malformed"] {
        assert!(text.contains(why), "{why}: {text}");
    }
    assert!(!text.contains("eyJ"), "{text}");
    let page = reqwest::get(format!("http://{}/", gateway.address())).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK, "the page needs none");
}

#[tokio::test]
async fn while_the_issuer_is_out_of_reach_nobody_connects() {
    let port = RefusingPort::bind();
    let gateway = gateway_at(&port.url(), |_| {}).await;
    assert_eq!(connect(&gateway, "/", "lasting").await.err(), Some(StatusCode::FORBIDDEN));
}
