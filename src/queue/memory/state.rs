//! What a queue in memory holds, and how a message moves through it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Delivery, QueueLimits};

/// Within this time the same deduplication id is taken once (Amazon SQS, "FIFO queue deduplication").
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The messages of a queue, by group.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) groups: HashMap<String, VecDeque<Message>>,
    /// Groups whose first message may be given out now.
    pub(super) ready: VecDeque<String>,
    /// Groups whose first message is hidden, by the time at which that ends.
    pub(super) hidden: BTreeMap<(Instant, u64), String>,
    recent: HashMap<String, Instant>,
    recent_order: VecDeque<(Instant, String)>,
    pub(super) dead: Vec<Delivery>,
    pub(super) is_closed: bool,
    next_id: u64,
}

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Message {
    id: u64,
    body: Arc<str>,
    receive_count: u32,
    /// The key in `hidden` while the message is given out.
    hidden_by: Option<(Instant, u64)>,
}

impl Message {
    pub(super) fn new(id: u64, body: Arc<str>) -> Self {
        Self { id, body, receive_count: 0, hidden_by: None }
    }

    /// The message as another queue takes it over: its id stays, and it counts as never given out.
    pub(super) fn moved(self) -> Self {
        Self { receive_count: 0, ..self }
    }

    /// The message as it is given out.
    pub(super) fn delivery(&self, group: &str) -> Delivery {
        Delivery {
            message_id: self.id.to_string(),
            receipt: format!("{group}/{}/{}", self.id, self.receive_count),
            group: group.to_owned(),
            body: Arc::clone(&self.body),
            receive_count: self.receive_count,
        }
    }
}

impl State {
    pub(super) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn is_repeated(&mut self, deduplication_id: &str, now: Instant) -> bool {
        while self.recent_order.front().is_some_and(|(at, _)| *at + DEDUPLICATION_INTERVAL <= now) {
            if let Some((_, id)) = self.recent_order.pop_front() {
                self.recent.remove(&id);
            }
        }
        self.recent.contains_key(deduplication_id)
    }

    pub(super) fn remember(&mut self, deduplication_id: &str, now: Instant) {
        self.recent.insert(deduplication_id.to_owned(), now);
        self.recent_order.push_back((now, deduplication_id.to_owned()));
    }

    pub(super) fn reveal(&mut self, now: Instant) {
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

    /// Puts `message` behind all others of `group`.
    pub(super) fn push(&mut self, group: String, message: Message) {
        let waiting = self.groups.entry(group.clone()).or_default();
        waiting.push_back(message);
        if waiting.len() == 1 {
            self.ready.push_back(group);
        }
    }

    /// Gives out the first message of a ready group. One that was given out too often is taken out instead, into `dead`.
    pub(super) fn take(&mut self, limits: QueueLimits, dead: &mut Vec<(String, Message)>) -> Option<Delivery> {
        loop {
            let group = self.ready.pop_front()?;
            let hidden_by = (Instant::now() + limits.visibility, self.next_id());
            let Some(first) = self.groups.get_mut(&group).and_then(VecDeque::front_mut) else { continue };
            if first.receive_count >= limits.max_receive_count {
                dead.extend(self.drop_first(&group).map(|message| (group, message)));
                continue;
            }
            first.receive_count += 1;
            first.hidden_by = Some(hidden_by);
            let delivery = first.delivery(&group);
            self.hidden.insert(hidden_by, group);
            return Some(delivery);
        }
    }

    /// Hides the first message of `group` until `until` if it is given out under this receipt.
    pub(super) fn hide_first(&mut self, group: &str, receipt: (u64, u32), until: Option<Instant>) -> bool {
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

    pub(super) fn drop_first(&mut self, group: &str) -> Option<Message> {
        let waiting = self.groups.get_mut(group)?;
        let first = waiting.pop_front();
        if waiting.is_empty() {
            self.groups.remove(group);
        } else {
            self.ready.push_back(group.to_owned());
        }
        first
    }
}

pub(super) fn parse_receipt(receipt: &str) -> Option<(&str, (u64, u32))> {
    let (rest, receive_count) = receipt.rsplit_once('/')?;
    let (group, id) = rest.rsplit_once('/')?;
    Some((group, (id.parse().ok()?, receive_count.parse().ok()?)))
}
