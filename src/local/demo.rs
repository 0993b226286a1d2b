//! The demo agent: a real HTTP server that speaks the AgentCore container contract, for who has no agent yet.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use http::{StatusCode, header};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The pause between two words, about what a model takes.
const WORD_PAUSE: Duration = Duration::from_millis(30);

/// Starts the agent on a free loopback port.
pub(super) async fn start() -> io::Result<(Url, JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let url = Url::parse(&format!("http://{address}")).map_err(io::Error::other)?;
    let router = Router::new().route("/invocations", post(invoke)).route("/ping", get(ping));
    let task = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    Ok((url, task))
}

async fn ping() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"Healthy"}"#).into_response()
}

async fn invoke(body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        let error = json!({"error": "Invalid JSON", "details": "The body must be a JSON object."});
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    };
    let events = stream::unfold(reply_to(&body).into_iter(), |mut events| async {
        let event = events.next()?;
        tokio::time::sleep(WORD_PAUSE).await;
        Some((Ok::<_, Infallible>(format!("data: {event}\n\n")), events))
    });
    ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(events)).into_response()
}

/// The events of a reply: words, and for "fail" the error event of the Python SDK.
fn reply_to(body: &Value) -> Vec<Value> {
    let Some(prompt) = body.get("prompt").and_then(Value::as_str) else {
        return words(&format!("You sent an input object: {body}"));
    };
    let asked = prompt.trim().to_ascii_lowercase();
    if let Some(count) = asked.strip_prefix("count to ").and_then(|count| count.parse::<u32>().ok()) {
        return (1..=count.min(10_000)).map(|number| Value::from(format!("{number} "))).collect();
    }
    if asked == "fail" {
        let mut events = words("Here is the beginning of an answer, and then ");
        events.push(json!({
            "error": "the demo agent was asked to fail",
            "error_type": "DemoError",
            "message": "An error occurred during streaming",
        }));
        return events;
    }
    words(&format!(
        "You said: {prompt}\n\nI am the demo agent of this gateway; I only repeat. Ask me to \"count to 200\" and \
         reload the page meanwhile, or to \"fail\". To talk to your own agent, start the gateway with \
         --agent http://127.0.0.1:8080."
    ))
}

/// Each word with the white space behind it.
fn words(text: &str) -> Vec<Value> {
    text.split_inclusive(char::is_whitespace).map(Value::from).collect()
}
