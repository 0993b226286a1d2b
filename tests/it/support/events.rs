//! Whom the gateway tells that runs have ended.

use std::sync::Mutex;

use agentcore_gateway::run_ended::{RunEnded, RunEvents};
use async_trait::async_trait;

/// Writes down what it is told.
#[derive(Debug, Default)]
pub struct RecordingEvents(Mutex<Vec<RunEnded>>);

impl RecordingEvents {
    /// What it was told.
    pub fn told(&self) -> Vec<RunEnded> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl RunEvents for RecordingEvents {
    async fn ended(&self, run: &RunEnded) {
        self.0.lock().unwrap().push(run.clone());
    }
}
