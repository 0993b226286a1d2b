//! A prompt of any size through the whole gateway: asked for, put, named, and read by the agent.

use http::StatusCode;
use serde_json::{Value, json};

use super::{blanks, put, status};
use crate::support::agent::{FakeAgent, Script};
use crate::support::socket::{Client, gateway};

async fn offered(client: &mut Client, bytes: usize) -> Value {
    client.answer_to(&json!({"action": "upload", "bytes": bytes, "requestId": "r"}).to_string()).await
}

#[tokio::test]
async fn a_picture_of_five_megabytes_reaches_the_agent_as_it_was_sent() {
    let agent = FakeAgent::start(|_| Script::json("{}")).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    let input =
        json!({"prompt": "What is this?", "media": {"type": "image", "format": "png", "data": "A".repeat(5_000_000)}});
    let text = json!({"input": input}).to_string();
    let offer = offered(&mut client, text.len()).await;
    assert_eq!((&offer["type"], &offer["expiresInMs"]), (&json!("upload"), &json!(300_000)));
    let url = offer["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://{}/uploads/", gateway.address())), "{url}");
    assert_eq!(status(put(url, text)).await, StatusCode::OK);
    for request in ["r", "again"] {
        client.send(&json!({"upload": offer["uploadId"], "sessionId": "s", "requestId": request})).await;
        assert_eq!(client.run(request).await.pop().unwrap()["type"], "completed");
    }
    let bodies: Vec<Value> =
        agent.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
    assert!(bodies.iter().all(|body| *body == input) && bodies.len() == 2);
}

#[tokio::test]
async fn the_demo_agent_takes_what_an_agent_takes() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    let text = json!({"input": {"prompt": "Hello", "messages": ["x".repeat(3_000_000)]}}).to_string();
    let offer = offered(&mut client, text.len()).await;
    assert_eq!(status(put(offer["url"].as_str().unwrap(), text)).await, StatusCode::OK);
    client.send(&json!({"upload": offer["uploadId"], "sessionId": "s", "requestId": "r"})).await;
    assert_eq!(client.run("r").await.pop().unwrap()["type"], "completed");
}

#[tokio::test]
async fn a_client_is_told_the_address_at_which_it_came() {
    let gateway = gateway(None, |_| {}).await;
    let port = gateway.address().port();
    for (host, origin) in [
        (format!("localhost:{port}"), format!("http://localhost:{port}")),
        ("evil.example".to_owned(), format!("http://127.0.0.1:{port}")),
    ] {
        let mut client = Client::try_connect(&gateway, "/", &[("host", &host)]).await.unwrap();
        let offer = offered(&mut client, 2).await;
        let url = offer["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("{origin}/uploads/")), "{url}");
        assert_eq!(status(put(url, "{}")).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_was_not_put_cannot_be_asked_and_what_is_too_large_is_not_offered() {
    let gateway = gateway(None, |config| config.max_upload_bytes = 100).await;
    let mut client = Client::connect(&gateway).await;
    let refused = offered(&mut client, 101).await;
    assert_eq!((&refused["code"], &refused["requestId"]), (&json!("too_large"), &json!("r")));
    let offer = offered(&mut client, 100).await;
    assert_eq!(status(put(offer["url"].as_str().unwrap(), blanks(99))).await, StatusCode::FORBIDDEN);
    client.send(&json!({"upload": offer["uploadId"], "sessionId": "s", "requestId": "r"})).await;
    assert_eq!(client.run("r").await.pop().unwrap()["code"], "invalid_upload");
}

#[tokio::test]
async fn without_uploads_none_is_offered() {
    let gateway = gateway(None, |config| config.max_upload_bytes = 0).await;
    let refused = offered(&mut Client::connect(&gateway).await, 100).await;
    assert_eq!(refused["code"], "invalid_request");
}
