//! The agent for who has none yet: it repeats what it is asked, word by word.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use crate::protocol::event::Event;
use crate::protocol::ids::AgentName;

/// The pause between two words, about what a model takes.
pub(crate) const WORD_PAUSE: Duration = Duration::from_millis(30);

/// Calls nothing: the echo agent is in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct EchoAgents;

/// What the agent answers.
pub(crate) struct Answer {
    /// How long it is silent before it answers.
    pub silence: Duration,
    /// Its events.
    pub events: Vec<Value>,
}

/// The words of a reply that are still to come, the first not before its time.
struct Words {
    from: Instant,
    words: std::vec::IntoIter<Value>,
}

/// The longest silence that can be asked for.
const LONGEST_SILENCE: Duration = Duration::from_mins(15);

#[async_trait]
impl Agents for EchoAgents {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        let body = serde_json::from_str(&invocation.body).unwrap_or_default();
        let answer = reply_to(&body, "set agentcore_runtime_arn and apply again");
        Ok(Box::new(Words { from: Instant::now() + answer.silence, words: answer.events.into_iter() }))
    }

    async fn stop_session(&self, _: &AgentName, _: &str) -> Result<(), InvokeError> {
        Ok(())
    }
}

#[async_trait]
impl Reply for Words {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        sleep_until(self.from).await;
        if self.words.len() > 0 {
            sleep(WORD_PAUSE).await;
        }
        Ok(match self.words.next() {
            Some(word) => Progress::Events(vec![Event::from_data(word.to_string())]),
            None => Progress::End(Vec::new()),
        })
    }

    fn is_stream(&self) -> bool {
        true
    }
}

/// The reply to the invocation `body`: words, for "fail" the error event of the Python SDK, for "wait for 30 seconds" nothing
/// until then. `how_to` says how to talk to another agent.
pub(crate) fn reply_to(body: &Value, how_to: &str) -> Answer {
    let prompt = body.get("prompt").and_then(Value::as_str);
    let silence = prompt.and_then(silence_in);
    let events = match (prompt, silence) {
        (None, _) => words(&format!("You sent an input object: {body}")),
        (Some(_), Some(silence)) => words(&format!("I have said nothing for {} seconds.", silence.as_secs())),
        (Some(prompt), None) => events_for(prompt, how_to),
    };
    Answer { silence: silence.unwrap_or_default(), events }
}

fn silence_in(prompt: &str) -> Option<Duration> {
    let asked = prompt.trim().to_ascii_lowercase();
    let seconds = asked.strip_prefix("wait for ")?.strip_suffix(" seconds")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_SILENCE))
}

fn events_for(prompt: &str, how_to: &str) -> Vec<Value> {
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
