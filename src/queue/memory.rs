//! A queue in memory that keeps the rules of an SQS FIFO queue, for one process.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, warn};

use super::payload::QueuedPrompt;
use super::watch::Watch;
use super::{Prompts, QueueError, Visibility, Watches};
use crate::digest;
use crate::session::{RunKey, SessionKey};
use state::{Message, State};

/// What a queue of this kind allows.
#[derive(Debug, Clone, Copy)]
pub struct QueueLimits {
    /// How long a message that was received stays hidden, unless that is extended.
    pub visibility: Duration,
    /// How often a message is given out before it goes to the dead letters.
    pub max_receive_count: u32,
    /// How many messages of one group there may be, those that are given out included.
    pub max_waiting: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { visibility: Duration::from_secs(60), max_receive_count: 10, max_waiting: 100 }
    }
}

/// A message that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same each time it is given out.
    pub message_id: String,
    /// What to delete or hide it by; new each time.
    pub receipt: String,
    /// Its group.
    pub group: String,
    /// Its content.
    pub body: Arc<str>,
    /// How often it was given out, this time included.
    pub receive_count: u32,
}

/// A FIFO queue: the messages of a group in order, and no more of them while any is given out; at-least-once.
#[derive(Debug)]
pub struct MemoryQueue {
    limits: QueueLimits,
    /// Where messages go that were given out too often, by what SQS calls a redrive policy.
    behind: Option<Arc<MemoryQueue>>,
    state: Mutex<State>,
    changed: Notify,
}

impl MemoryQueue {
    /// An empty queue, whose messages are dead letters once they were given out too often.
    #[must_use]
    pub fn new(limits: QueueLimits) -> Self {
        Self { limits, behind: None, state: Mutex::default(), changed: Notify::new() }
    }

    /// An empty queue, whose messages go on to `behind` once they were given out too often.
    #[must_use]
    pub fn before(behind: Arc<MemoryQueue>, limits: QueueLimits) -> Self {
        Self { behind: Some(behind), ..Self::new(limits) }
    }

    /// Puts `body` behind all others of `group`, unless `deduplication_id` came within five minutes. Returns the number of
    /// the message, which as text is its id; of a repeated one, of that which came before.
    ///
    /// # Errors
    /// [`QueueError::Full`] if so many wait already; [`QueueError::Unavailable`] once the queue is closed.
    pub fn put(&self, group: &str, deduplication_id: &str, body: &str) -> Result<u64, QueueError> {
        let now = Instant::now();
        let mut state = self.lock();
        if state.is_closed {
            return Err(QueueError::Unavailable("it is closed".to_owned()));
        }
        if let Some(id) = state.recent.get(deduplication_id, now) {
            return Ok(id);
        }
        if state.len_of(group) >= self.limits.max_waiting {
            return Err(QueueError::Full);
        }
        let id = state.next_id();
        state.recent.note(deduplication_id, id, now);
        state.push(group.to_owned(), Message::new(id, body.into()));
        self.changed.notify_one();
        Ok(id)
    }

    /// The next message, as soon as there is one. Cancel safe: a message is given out only when this returns.
    pub async fn receive(&self) -> Delivery {
        loop {
            if let Some(delivery) = self.receive_batch(1).await.pop() {
                return delivery;
            }
        }
    }

    /// The first messages of a group, in order, as soon as there is one; at least one, and `max` at most. No other of the
    /// group is given out before each of these is deleted or visible again. Cancel safe as [`MemoryQueue::receive`].
    pub async fn receive_batch(&self, max: usize) -> Vec<Delivery> {
        loop {
            let next_visible = {
                let mut state = self.lock();
                state.reveal(Instant::now());
                let mut dead = Vec::new();
                let batch = state.take(max.max(1), self.limits, &mut dead);
                for (group, message) in dead {
                    self.give_up(&mut state, group, message);
                }
                if !batch.is_empty() {
                    // Another one who waits knows neither what else is ready nor when these messages may come again.
                    self.changed.notify_one();
                    return batch;
                }
                state.next_visible()
            };
            let visible = async {
                match next_visible {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = visible => {}
            }
        }
    }

    /// Removes the message that `receipt` stands for; its group's next one may be given out.
    pub fn delete(&self, receipt: &str) {
        if self.lock().delete(receipt) {
            self.changed.notify_one();
        }
    }

    /// Takes no more messages; those that are in it stay.
    pub fn close(&self) {
        self.lock().is_closed = true;
    }

    /// The messages that were given out too often, of a queue with no other one behind it; of many, the last hundred.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Delivery> {
        self.lock().dead()
    }

    /// How many messages wait or are worked on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// The bodies of these.
    #[must_use]
    pub fn bodies(&self) -> Vec<Arc<str>> {
        self.lock().bodies()
    }

    /// How many bytes the bodies of these messages have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn give_up(&self, state: &mut State, group: String, message: Message) {
        let delivery = message.delivery(&group);
        if let Some(behind) = &self.behind {
            warn!(message_id = delivery.message_id, "a message was given up");
            behind.lock().push(group, message.moved());
            behind.changed.notify_one();
        } else {
            error!(message_id = delivery.message_id, "a message is a dead letter");
            state.bury(delivery);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Prompts for MemoryQueue {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        self.put(&prompt.group(), &prompt.deduplication_id(), &prompt.encode()).map(|_| ())
    }
}

#[async_trait]
impl Watches for MemoryQueue {
    /// It comes at once, and whoever looks says when it is to come again. Each is a group of its own, for they have no
    /// order.
    async fn send(&self, watch: &Watch) -> Result<(), QueueError> {
        let RunKey { session: SessionKey { principal, session }, request } = &watch.run;
        let name = digest::hex(&[principal.as_str(), session.as_str(), request.as_str()]);
        self.put(&name, &name, &watch.encode()).map(|_| ())
    }
}

#[async_trait]
impl Visibility for MemoryQueue {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        if !self.lock().hide(receipt, Instant::now() + period) {
            return Err(QueueError::Unavailable("the receipt has expired".to_owned()));
        }
        self.changed.notify_one();
        Ok(())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.delete(receipt);
        Ok(())
    }
}
