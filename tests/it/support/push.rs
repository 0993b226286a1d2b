//! Connections that remember what they were sent, and behave as badly as a test wants.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;

/// How a connection takes a push.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Manner {
    /// At once.
    Prompt,
    /// After some time.
    Slow(Duration),
    /// It is not there.
    Gone,
    /// So many pushes are throttled, then it takes them.
    Throttled(usize),
    /// So many pushes fail for another reason, then it takes them.
    Failing(usize),
    /// The push never returns by itself; an adapter gives up after some time.
    Hanging,
}

#[derive(Default)]
struct State {
    manners: HashMap<String, Manner>,
    received: HashMap<String, Vec<(Instant, Value)>>,
    in_flight: HashMap<String, usize>,
    overlaps: usize,
}

/// All connections of a test.
#[derive(Default)]
pub struct RecordingPush(Mutex<State>);

impl RecordingPush {
    pub fn set(&self, connection: &str, manner: Manner) {
        self.0.lock().unwrap().manners.insert(connection.to_owned(), manner);
    }

    /// What `connection` was sent, and when.
    pub fn timed(&self, connection: &str) -> Vec<(Instant, Value)> {
        self.0.lock().unwrap().received.get(connection).cloned().unwrap_or_default()
    }

    /// What `connection` was sent.
    pub fn received(&self, connection: &str) -> Vec<Value> {
        self.timed(connection).into_iter().map(|(_, frame)| frame).collect()
    }

    /// How often a push to a connection began before the last one had ended: nothing would keep their order.
    pub fn overlaps(&self) -> usize {
        self.0.lock().unwrap().overlaps
    }

    fn begin(&self, connection: &str) -> Manner {
        let mut state = self.0.lock().unwrap();
        let in_flight = state.in_flight.entry(connection.to_owned()).or_default();
        *in_flight += 1;
        let overlaps = *in_flight > 1;
        state.overlaps += usize::from(overlaps);
        let manner = state.manners.entry(connection.to_owned()).or_insert(Manner::Prompt);
        let now = *manner;
        *manner = match now {
            Manner::Throttled(0 | 1) | Manner::Failing(0 | 1) => Manner::Prompt,
            Manner::Throttled(times) => Manner::Throttled(times - 1),
            Manner::Failing(times) => Manner::Failing(times - 1),
            same => same,
        };
        now
    }

    fn end(&self, connection: &str, received: Option<&str>) {
        let mut state = self.0.lock().unwrap();
        *state.in_flight.entry(connection.to_owned()).or_insert(1) -= 1;
        if let Some(text) = received {
            let frame = serde_json::from_str(text).expect("a frame is JSON");
            state.received.entry(connection.to_owned()).or_default().push((Instant::now(), frame));
        }
    }
}

/// Ends a push even if its future is dropped.
struct InFlight<'a> {
    push: &'a RecordingPush,
    connection: &'a str,
    received: Option<&'a str>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.push.end(self.connection, self.received);
    }
}

#[async_trait]
impl Push for RecordingPush {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        let manner = self.begin(connection.as_str());
        let mut in_flight = InFlight { push: self, connection: connection.as_str(), received: None };
        match manner {
            Manner::Prompt => {}
            Manner::Slow(time) => tokio::time::sleep(time).await,
            Manner::Gone => return Err(PushError::Gone),
            Manner::Throttled(_) => return Err(PushError::Throttled),
            Manner::Failing(_) => return Err(PushError::Unavailable("injected".to_owned())),
            Manner::Hanging => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Err(PushError::Unavailable("timed out".to_owned()));
            }
        }
        in_flight.received = Some(text);
        Ok(())
    }
}
