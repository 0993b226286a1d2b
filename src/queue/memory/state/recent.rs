//! What came within the last minutes, so that the same is not taken twice.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Within this time the same deduplication id is taken once (Amazon SQS, "FIFO queue deduplication").
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The deduplication ids that count, each with the message that came under it.
#[derive(Debug, Default)]
pub(in crate::queue::memory) struct Recent {
    messages: HashMap<String, u64>,
    order: VecDeque<(Instant, String)>,
}

impl Recent {
    /// The message that came under `deduplication_id`, if that was within the interval.
    pub(in crate::queue::memory) fn get(&mut self, deduplication_id: &str, now: Instant) -> Option<u64> {
        while self.order.front().is_some_and(|(at, _)| *at + DEDUPLICATION_INTERVAL <= now) {
            if let Some((_, id)) = self.order.pop_front() {
                self.messages.remove(&id);
            }
        }
        self.messages.get(deduplication_id).copied()
    }

    /// Notes that `message` came under `deduplication_id`.
    pub(in crate::queue::memory) fn note(&mut self, deduplication_id: &str, message: u64, now: Instant) {
        self.messages.insert(deduplication_id.to_owned(), message);
        self.order.push_back((now, deduplication_id.to_owned()));
    }
}
