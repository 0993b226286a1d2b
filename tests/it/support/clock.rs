//! Time that the test decides: the wall clock follows tokio's, which a test pauses.

use std::time::Duration;

use agentcore_gateway::clock::{Clock, Timestamp};
use tokio::time::Instant;

/// A wall clock that starts at a fixed moment and goes with `tokio::time`.
pub struct TestClock(Instant);

impl TestClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000_000).after(self.0.elapsed())
    }
}

/// Lets `seconds` of paused time pass, and everything that is due in it happen.
pub async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
