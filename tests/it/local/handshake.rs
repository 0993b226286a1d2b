//! The page, and the handshake of a WebSocket.

use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use agentcore_gateway::local::Gateway;

use crate::support::socket::{Client, gateway, refusal};

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
    for path in ["/?sessionId=", "/?sessionId", "/?sessionId=a%00b", "/?sessionId=%C2%85", long.as_str()] {
        assert_eq!(Client::try_connect(&gateway, path, &[]).await.err(), Some(StatusCode::BAD_REQUEST), "{path}");
    }
}

#[tokio::test]
async fn a_session_id_in_the_address_is_percent_encoded_utf_8_and_nothing_else() {
    let gateway = gateway(None, |_| {}).await;
    for value in ["%ff", "%fe", "a%C3", "%ED%A0%80", "%", "a%2", "%zz", "%+1", "100%", "%u00e9"] {
        for path in [format!("/?sessionId={value}"), format!("/?x=1&session%49d={value}&y=2")] {
            let (status, reason) = refusal(&gateway, &path, &[]).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
            assert!(reason.contains("sessionId") || reason.contains("session%49d"), "{reason}");
            assert!(reason.ends_with("in the address must be percent-encoded UTF-8."), "{reason}");
        }
    }
    for (value, session) in [("%C3%A9+%f0%9f%98%80", "é 😀"), ("a%2Bb%26c%3d", "a+b&c="), ("%EF%BF%BD", "\u{fffd}")]
    {
        let mut watcher = Client::try_connect(&gateway, &format!("/?sessionId={value}"), &[]).await.unwrap();
        let mut client = Client::connect(&gateway).await;
        client.send(&json!({"prompt": "count to 1", "sessionId": session, "requestId": "r"})).await;
        assert_eq!(watcher.run("r").await, client.run("r").await, "{value} is {session}");
    }
}

#[tokio::test]
async fn a_token_comes_behind_bearer_in_any_case_which_is_answered_as_it_came() {
    let gateway = gateway(None, |_| {}).await;
    for word in ["bearer", "Bearer", "BEARER", "bEaReR"] {
        for offer in [format!("{word}, secret"), format!("{word},secret"), format!(" ,{word} , secret, chat")] {
            let client = Client::try_connect(&gateway, "/", &[("sec-websocket-protocol", &offer)]).await.unwrap();
            assert_eq!(client.protocol.as_deref(), Some(word), "{offer}");
        }
    }
    let lines = [("sec-websocket-protocol", "Bearer"), ("sec-websocket-protocol", "secret")];
    let client = Client::try_connect(&gateway, "/", &lines).await.unwrap();
    assert_eq!(client.protocol.as_deref(), Some("Bearer"), "a list in two lines");
}

#[tokio::test]
async fn a_list_of_subprotocols_to_choose_nothing_from_is_refused_with_a_sentence() {
    let gateway = gateway(None, |_| {}).await;
    for offer in ["chat", "secret", "bearer", "bearer,", "secret, bearer", "chat, bearer, secret", "bearer secret", "é"]
    {
        let (status, reason) = refusal(&gateway, "/", &[("sec-websocket-protocol", offer)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{offer}");
        assert!(reason.contains("\"Sec-WebSocket-Protocol\" must be \"bearer\" and a token"), "{reason}");
        assert!(!reason.contains("secret"), "{reason}");
    }
}

#[tokio::test]
async fn a_broken_handshake_is_refused() {
    let gateway = gateway(None, |_| {}).await;
    let client = reqwest::Client::new();
    let start =
        |method| client.request(method, format!("http://{}/", gateway.address())).header("upgrade", "websocket");
    let without_key = start(Method::GET).send().await.unwrap();
    assert_eq!(without_key.status(), StatusCode::BAD_REQUEST);
    assert_eq!(without_key.text().await.unwrap(), "\"Sec-WebSocket-Key\" is missing.");
    let with_key = |method| start(method).header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    for request in [with_key(Method::GET), with_key(Method::GET).header("sec-websocket-version", "8")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UPGRADE_REQUIRED);
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!((header("upgrade"), header("sec-websocket-version")), ("websocket", "13"));
        assert_eq!(answer.text().await.unwrap(), "\"Sec-WebSocket-Version\" must be 13.");
    }
    let post = with_key(Method::POST).header("sec-websocket-version", "13").send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.headers()["allow"], "GET");
}

/// All that comes back for these bytes.
async fn answer_to(gateway: &Gateway, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_handshake_that_a_proxy_has_changed_names_the_proxys_settings() {
    let gateway = gateway(None, |_| {}).await;
    let key = "Host: gateway\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    for (request, says) in [
        (format!("GET /prod HTTP/1.0\r\n{key}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"), "came as HTTP/1.0"),
        (format!("GET / HTTP/1.0\r\n{key}Connection: close\r\n\r\n"), "came as HTTP/1.0"),
        (format!("GET / HTTP/1.1\r\n{key}Connection: close\r\n\r\n"), "came without \"Upgrade: websocket\""),
        (
            format!("GET / HTTP/1.1\r\n{key}Connection: close\r\nUpgrade: h2c\r\n\r\n"),
            "came without \"Upgrade: websocket\"",
        ),
    ] {
        let answer = answer_to(&gateway, &request).await;
        assert!(answer.split("\r\n").next().unwrap().contains(" 426 "), "{answer}");
        for setting in
            ["proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection"]
        {
            assert!(answer.contains(says) && answer.contains(setting), "{answer}");
        }
    }
    let page = answer_to(&gateway, "GET / HTTP/1.0\r\nHost: gateway\r\n\r\n").await;
    assert!(page.contains(" 200 OK\r\n"), "the page itself may come by HTTP/1.0");
}
