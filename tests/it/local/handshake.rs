//! The page, and who gets a WebSocket.

use agentcore_gateway::connections::origins::AllowedOrigins;
use http::StatusCode;
use serde_json::json;

use crate::support::socket::{Client, gateway};

#[tokio::test]
async fn the_page_is_at_the_root_and_nothing_anywhere_else() {
    let gateway = gateway(None, |_| {}).await;
    let url = |path: &str| format!("http://{}{path}", gateway.address());
    let page = reqwest::get(url("/")).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("WebSocket"));
    assert_eq!(reqwest::get(url("/favicon.ico")).await.unwrap().status(), StatusCode::NOT_FOUND);
    let post = reqwest::Client::new().post(url("/")).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_websocket_is_at_any_path_as_under_a_stage() {
    let gateway = gateway(None, |_| {}).await;
    for path in ["/", "/prod", "/prod/", "/ws?x=1"] {
        let mut client = Client::try_connect(&gateway, path, &[]).await.unwrap();
        assert_eq!(client.answer_to(r#"{"action":"ping"}"#).await, json!({"type": "pong"}));
    }
}

#[tokio::test]
async fn a_session_id_in_the_address_attaches_and_must_keep_the_rule() {
    let gateway = gateway(None, |_| {}).await;
    let mut watcher = Client::try_connect(&gateway, "/?sessionId=s", &[]).await.unwrap();
    let mut client = Client::connect(&gateway).await;
    let frames = client.ask("hi", "r").await;
    assert_eq!(watcher.run("r").await, frames);
    let long = format!("/?sessionId={}", "x".repeat(257));
    for path in ["/?sessionId=", "/?sessionId=a%00b", "/?sessionId=%C2%85", long.as_str()] {
        assert_eq!(Client::try_connect(&gateway, path, &[]).await.err(), Some(StatusCode::BAD_REQUEST), "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_machines_are_kept_out_unless_they_are_allowed() {
    let local = gateway(None, |_| {}).await;
    let open = gateway(None, |config| config.origins = AllowedOrigins::Any).await;
    let listed = gateway(None, |config| {
        config.origins = AllowedOrigins::on_one_machine(vec!["https://app.example.com".parse().unwrap()]);
    })
    .await;
    for (origin, at_local, at_listed) in [
        ("http://localhost:3000", true, false),
        ("http://127.0.0.1:8787", true, false),
        ("file://", true, false),
        ("null", false, false),
        ("https://evil.example", false, false),
        ("http://localhost.evil.example", false, false),
        ("https://app.example.com", false, true),
        ("https://app.example.com:8443", false, false),
    ] {
        for (gateway, allowed) in [(&local, at_local), (&listed, at_listed), (&open, true)] {
            let refused = Client::try_connect(gateway, "/", &[("origin", origin)]).await.err();
            assert_eq!(refused, (!allowed).then_some(StatusCode::FORBIDDEN), "{origin}");
        }
    }
    assert!(Client::try_connect(&listed, "/", &[]).await.is_ok(), "a client without an origin is no browser");
}

#[tokio::test]
async fn a_token_comes_as_a_subprotocol_and_is_not_repeated() {
    let gateway = gateway(None, |_| {}).await;
    let client = Client::try_connect(&gateway, "/", &[("sec-websocket-protocol", "bearer, secret")]).await.unwrap();
    assert_eq!(client.protocol.as_deref(), Some("bearer"));
}

#[tokio::test]
async fn a_broken_handshake_is_refused() {
    let gateway = gateway(None, |_| {}).await;
    let client = reqwest::Client::new();
    let get = || client.get(format!("http://{}/", gateway.address())).header("upgrade", "websocket");
    assert_eq!(get().send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let wrong_version =
        get().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("sec-websocket-version", "8");
    assert_eq!(wrong_version.send().await.unwrap().status(), StatusCode::UPGRADE_REQUIRED);
}
