//! Requests to a queue, and how long they take.

use std::time::Duration;

use ::metrics::{Counter, Histogram};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{QUEUE_DURATION, QUEUE_ERRORS};
use crate::queue::payload::QueuedPrompt;
use crate::queue::watch::Watch;
use crate::queue::{Prompts, QueueError, Visibility, Watches};

/// A queue that is measured.
pub struct MeasuredQueue<Q> {
    queue: Q,
    send: Histogram,
    extend: Histogram,
    delete: Histogram,
    throttled: Counter,
    unavailable: Counter,
}

impl<Q> MeasuredQueue<Q> {
    /// The same queue, with how long each request takes and what fails.
    #[must_use]
    pub fn new(queue: Q) -> Self {
        let [send, extend, delete] = ["send", "extend", "delete"].map(|name| QUEUE_DURATION.durations(&[name]));
        let [throttled, unavailable] = ["throttled", "unavailable"].map(|reason| QUEUE_ERRORS.counter(&[reason]));
        Self { queue, send, extend, delete, throttled, unavailable }
    }

    async fn timed<T>(
        &self,
        duration: &Histogram,
        request: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, QueueError> {
        let began = Instant::now();
        let answer = request.await;
        duration.record(began.elapsed());
        match &answer {
            Ok(_) => {}
            Err(QueueError::Full | QueueError::Throttled) => self.throttled.increment(1),
            Err(QueueError::Unavailable(_)) => self.unavailable.increment(1),
        }
        answer
    }
}

#[async_trait]
impl<Q: Prompts> Prompts for MeasuredQueue<Q> {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        self.timed(&self.send, self.queue.send(prompt)).await
    }
}

#[async_trait]
impl<Q: Watches> Watches for MeasuredQueue<Q> {
    async fn send(&self, watch: &Watch) -> Result<(), QueueError> {
        self.timed(&self.send, self.queue.send(watch)).await
    }
}

#[async_trait]
impl<Q: Visibility> Visibility for MeasuredQueue<Q> {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        self.timed(&self.extend, self.queue.extend(receipt, period)).await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.timed(&self.delete, self.queue.delete(receipt)).await
    }
}
