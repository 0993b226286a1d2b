//! A queue in memory that keeps the rules of an SQS FIFO queue, for one process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::payload::QueuedPrompt;
use super::{Prompts, QueueError, Visibility};

/// Within this time the same deduplication id is taken once (Amazon SQS, "FIFO queue deduplication").
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// What a queue of this kind allows.
#[derive(Debug, Clone, Copy)]
pub struct QueueLimits {
    /// How long a message that was received stays hidden, unless that is extended.
    pub visibility: Duration,
    /// How often a message is given out before it goes to the dead letters.
    pub max_receive_count: u32,
    /// How many messages of one group may wait.
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

/// A FIFO queue: one message of a group at a time, in order; at-least-once.
#[derive(Debug)]
pub struct MemoryQueue {
    limits: QueueLimits,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    groups: HashMap<String, VecDeque<Message>>,
    /// Groups whose first message may be given out now.
    ready: VecDeque<String>,
    /// Groups whose first message is hidden, by the time at which that ends.
    hidden: BTreeMap<(Instant, u64), String>,
    recent: HashMap<String, Instant>,
    recent_order: VecDeque<(Instant, String)>,
    dead: Vec<Delivery>,
    is_closed: bool,
    next_id: u64,
}

#[derive(Debug)]
struct Message {
    id: u64,
    body: Arc<str>,
    receive_count: u32,
    /// The key in `hidden` while the message is given out.
    hidden_by: Option<(Instant, u64)>,
}

impl MemoryQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: QueueLimits) -> Self {
        Self { limits, state: Mutex::default(), changed: Notify::new() }
    }

    /// Puts `body` behind all others of `group`, unless `deduplication_id` came within five minutes.
    ///
    /// # Errors
    /// [`QueueError::Full`] if so many wait already; [`QueueError::Unavailable`] once the queue is closed.
    pub fn put(&self, group: &str, deduplication_id: &str, body: &str) -> Result<(), QueueError> {
        let now = Instant::now();
        let mut state = self.lock();
        if state.is_closed {
            return Err(QueueError::Unavailable("it is closed".to_owned()));
        }
        if state.is_repeated(deduplication_id, now) {
            return Ok(());
        }
        let id = state.next_id();
        let waiting = state.groups.entry(group.to_owned()).or_default();
        if waiting.len() >= self.limits.max_waiting {
            return Err(QueueError::Full);
        }
        waiting.push_back(Message { id, body: body.into(), receive_count: 0, hidden_by: None });
        let is_first = waiting.len() == 1;
        state.remember(deduplication_id, now);
        if is_first {
            state.ready.push_back(group.to_owned());
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The next message, as soon as there is one. Cancel safe: a message is given out only when this returns.
    pub async fn receive(&self) -> Delivery {
        loop {
            let next_visible = {
                let mut state = self.lock();
                state.reveal(Instant::now());
                if let Some(delivery) = state.take(self.limits) {
                    if !state.ready.is_empty() {
                        self.changed.notify_one();
                    }
                    return delivery;
                }
                state.hidden.first_key_value().map(|((at, _), _)| *at)
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
        let mut state = self.lock();
        let Some((group, id)) = parse_receipt(receipt) else { return };
        if state.hide_first(group, id, None) {
            state.drop_first(group);
            self.changed.notify_one();
        }
    }

    /// Takes no more messages; those that are in it stay.
    pub fn close(&self) {
        self.lock().is_closed = true;
    }

    /// The messages that were given out too often.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Delivery> {
        self.lock().dead.clone()
    }

    /// How many messages wait or are worked on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().groups.values().map(VecDeque::len).sum()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn is_repeated(&mut self, deduplication_id: &str, now: Instant) -> bool {
        while self.recent_order.front().is_some_and(|(at, _)| *at + DEDUPLICATION_INTERVAL <= now) {
            if let Some((_, id)) = self.recent_order.pop_front() {
                self.recent.remove(&id);
            }
        }
        self.recent.contains_key(deduplication_id)
    }

    fn remember(&mut self, deduplication_id: &str, now: Instant) {
        self.recent.insert(deduplication_id.to_owned(), now);
        self.recent_order.push_back((now, deduplication_id.to_owned()));
    }

    fn reveal(&mut self, now: Instant) {
        while let Some(entry) = self.hidden.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let group = entry.remove();
            if let Some(first) = self.groups.get_mut(&group).and_then(VecDeque::front_mut) {
                first.hidden_by = None;
                self.ready.push_back(group);
            }
        }
    }

    /// Gives out the first message of a ready group; one that was given out too often goes to the dead letters.
    fn take(&mut self, limits: QueueLimits) -> Option<Delivery> {
        loop {
            let group = self.ready.pop_front()?;
            let hidden_by = (Instant::now() + limits.visibility, self.next_id());
            let Some(first) = self.groups.get_mut(&group).and_then(VecDeque::front_mut) else { continue };
            let is_dead = first.receive_count >= limits.max_receive_count;
            if !is_dead {
                first.receive_count += 1;
                first.hidden_by = Some(hidden_by);
            }
            let delivery = Delivery {
                message_id: first.id.to_string(),
                receipt: format!("{group}/{}/{}", first.id, first.receive_count),
                group: group.clone(),
                body: Arc::clone(&first.body),
                receive_count: first.receive_count,
            };
            if !is_dead {
                self.hidden.insert(hidden_by, group);
                return Some(delivery);
            }
            self.dead.push(delivery);
            self.drop_first(&group);
        }
    }

    /// Hides the first message of `group` until `until` if it is given out under this receipt.
    fn hide_first(&mut self, group: &str, receipt: (u64, u32), until: Option<Instant>) -> bool {
        let number = self.next_id();
        let Some(first) = self.groups.get_mut(group).and_then(VecDeque::front_mut) else { return false };
        if (first.id, first.receive_count) != receipt {
            return false;
        }
        let Some(hidden_by) = first.hidden_by.take() else { return false };
        let group = self.hidden.remove(&hidden_by);
        if let (Some(until), Some(group)) = (until, group) {
            first.hidden_by = Some((until, number));
            self.hidden.insert((until, number), group);
        }
        true
    }

    fn drop_first(&mut self, group: &str) {
        let Some(waiting) = self.groups.get_mut(group) else { return };
        waiting.pop_front();
        if waiting.is_empty() {
            self.groups.remove(group);
        } else {
            self.ready.push_back(group.to_owned());
        }
    }
}

fn parse_receipt(receipt: &str) -> Option<(&str, (u64, u32))> {
    let (rest, receive_count) = receipt.rsplit_once('/')?;
    let (group, id) = rest.rsplit_once('/')?;
    Some((group, (id.parse().ok()?, receive_count.parse().ok()?)))
}

#[async_trait]
impl Prompts for MemoryQueue {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        self.put(&prompt.group(), &prompt.deduplication_id(), &prompt.encode())
    }
}

#[async_trait]
impl Visibility for MemoryQueue {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        let gone = || QueueError::Unavailable("the receipt has expired".to_owned());
        let (group, id) = parse_receipt(receipt).ok_or_else(gone)?;
        let mut state = self.lock();
        let extended = state.hide_first(group, id, Some(Instant::now() + period));
        self.changed.notify_one();
        if extended { Ok(()) } else { Err(gone()) }
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.delete(receipt);
        Ok(())
    }
}
