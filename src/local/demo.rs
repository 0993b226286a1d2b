//! The demo agent: a real HTTP server that speaks the AgentCore container contract, for who has no agent yet.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use http::{StatusCode, header};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::agent::echo::{WORD_PAUSE, reply_to};

/// How large a body may be, as with an AgentCore runtime (`InvokeAgentRuntime`: payload).
const MAX_BODY_BYTES: usize = 100 * 1024 * 1024;

/// How to talk to another agent.
const HOW_TO: &str = "start the gateway with --agent http://127.0.0.1:8080";

/// Starts the agent on a free loopback port.
pub(super) async fn start() -> io::Result<(Url, JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let url = Url::parse(&format!("http://{address}")).map_err(io::Error::other)?;
    let router = Router::new().route("/invocations", post(invoke)).route("/ping", get(ping));
    let router = router.layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
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
    let answer = reply_to(&body, HOW_TO);
    let words = (answer.silence + WORD_PAUSE, answer.events.into_iter());
    let events = stream::unfold(words, |(pause, mut events)| async move {
        let event = events.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(format!("data: {event}\n\n")), (WORD_PAUSE, events)))
    });
    ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(events)).into_response()
}
