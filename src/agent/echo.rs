//! The agent for who has none yet: it repeats what it is asked, word by word.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use crate::protocol::event::Event;
use crate::protocol::ids::AgentName;

/// The pause between two words, about what a model takes.
pub(crate) const WORD_PAUSE: Duration = Duration::from_millis(30);

/// Calls nothing: the echo agent is in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct EchoAgents;

/// The words of a reply that are still to come.
struct Words(std::vec::IntoIter<Value>);

#[async_trait]
impl Agents for EchoAgents {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        let body = serde_json::from_str(&invocation.body).unwrap_or_default();
        let how_to = "set agentcore_runtime_arn and apply again";
        Ok(Box::new(Words(reply_to(&body, how_to).into_iter())))
    }

    async fn stop_session(&self, _: &AgentName, _: &str) -> Result<(), InvokeError> {
        Ok(())
    }
}

#[async_trait]
impl Reply for Words {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        if self.0.len() > 0 {
            sleep(WORD_PAUSE).await;
        }
        Ok(match self.0.next() {
            Some(word) => Progress::Events(vec![Event::from_data(word.to_string())]),
            None => Progress::End(Vec::new()),
        })
    }

    fn is_stream(&self) -> bool {
        true
    }
}

/// The events of a reply to the invocation `body`: words, and for "fail" the error event of the Python SDK. `how_to`
/// says how to talk to another agent.
pub(crate) fn reply_to(body: &Value, how_to: &str) -> Vec<Value> {
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
         reload the page meanwhile, or to \"fail\". To talk to your own agent, {how_to}."
    ))
}

/// Each word with the white space behind it.
fn words(text: &str) -> Vec<Value> {
    text.split_inclusive(char::is_whitespace).map(Value::from).collect()
}
