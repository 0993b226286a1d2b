//! What is measured of a reply while it comes.

use ::metrics::{Counter, Histogram};
use tokio::time::Instant;

use super::{EVENTS, TIME_TO_FIRST_EVENT};
use crate::protocol::ids::AgentName;

/// Measures the events of one call.
pub(crate) struct Hearing {
    began: Instant,
    first: Option<Histogram>,
    events: Counter,
}

impl Hearing {
    /// The agent is about to be called.
    pub(crate) fn begin(agent: &AgentName) -> Self {
        let first = Some(TIME_TO_FIRST_EVENT.durations(&[agent.as_str()]));
        Self { began: Instant::now(), first, events: EVENTS.counter(&[]) }
    }

    /// So many events have come.
    pub(crate) fn heard(&mut self, events: usize) {
        if events > 0
            && let Some(first) = self.first.take()
        {
            first.record(self.began.elapsed());
        }
        self.events.increment(events as u64);
    }
}
