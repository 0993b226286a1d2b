//! Telling others that a run has ended: what they get, and that nobody waits for them.

#[cfg(feature = "eventbridge")]
mod event_bridge;
#[cfg(feature = "functions")]
mod function;
mod webhook;

use std::sync::Arc;

use agentcore_gateway::protocol::frame::{FailureCode, Outcome};
use agentcore_gateway::protocol::ids::{AgentName, Principal, RequestId, SessionId};
use agentcore_gateway::random::Random;
use agentcore_gateway::run_ended::webhook::Webhook;
use agentcore_gateway::run_ended::{Nobody, RunEnded, RunEvents};
use serde_json::{Value, json};

use crate::support::log::Log;

/// A run that failed while two devices were attached.
fn failed() -> RunEnded {
    RunEnded {
        principal: Principal::parse("auth0|ada").unwrap(),
        session_id: SessionId::parse("travel #1").unwrap(),
        request_id: RequestId::parse("r-1").unwrap(),
        agent: Some(AgentName::default_agent()),
        outcome: Outcome::Failed,
        code: Some(FailureCode::AgentTimeout),
        duration_ms: 61_500,
        connections: 2,
    }
}

/// What others read of it.
fn failed_as_json() -> Value {
    json!({
        "principal": "auth0|ada", "sessionId": "travel #1", "requestId": "r-1", "agent": "default",
        "outcome": "failed", "code": "agent_timeout", "durationMs": 61_500, "connections": 2,
    })
}

/// One line of `log` is a warning that holds `words` and names the request, and none says whose it is.
#[track_caller]
fn assert_warned(log: &Log, words: &str) {
    let text = log.text();
    let warnings: Vec<_> = text.lines().filter(|line| line.contains("WARN")).collect();
    assert!(matches!(warnings[..], [line] if line.contains(words) && line.contains("request=r-1")), "{words}: {text}");
    assert!(!text.contains("ada") && !text.contains("travel"), "{text}");
}

fn webhook(url: &str) -> Webhook {
    Webhook::new(url.parse().unwrap(), Arc::new(Random::seeded(1))).unwrap()
}

#[test]
fn what_is_not_known_is_left_out() {
    let run = RunEnded { agent: None, outcome: Outcome::Completed, code: None, connections: 0, ..failed() };
    let text = r#"{"principal":"auth0|ada","sessionId":"travel #1","requestId":"r-1","outcome":"completed","durationMs":61500,"connections":0}"#;
    assert_eq!(run.to_text(), text);
    assert_eq!(serde_json::from_str::<Value>(&failed().to_text()).unwrap(), failed_as_json());
}

#[tokio::test]
async fn nobody_may_be_told() {
    let log = Log::capture();
    Nobody.ended(&failed()).await;
    assert_eq!(log.text(), "");
}
