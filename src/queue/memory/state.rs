//! What a queue in memory holds, and how a message moves through it.

mod group;
mod recent;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Delivery, QueueLimits};
use group::{Group, Hidden, Receipt};
use recent::Recent;

pub(super) use group::Message;

/// So many dead letters are kept, the newest: a queue in memory must not grow for ever.
const MAX_DEAD_LETTERS: usize = 100;

/// The messages of a queue, by group.
#[derive(Debug, Default)]
pub(super) struct State {
    groups: HashMap<String, Group>,
    /// Groups of which messages may be given out now.
    ready: VecDeque<String>,
    /// The messages that are given out, each by its group.
    hidden: BTreeMap<Hidden, String>,
    pub(super) recent: Recent,
    dead: VecDeque<Delivery>,
    bytes: usize,
    pub(super) is_closed: bool,
    last_id: u64,
}

impl State {
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn len(&self) -> usize {
        self.groups.values().map(|group| group.messages.len()).sum()
    }

    pub(super) fn len_of(&self, group: &str) -> usize {
        self.groups.get(group).map_or(0, |group| group.messages.len())
    }

    pub(super) fn bodies(&self) -> Vec<Arc<str>> {
        self.groups.values().flat_map(|group| &group.messages).map(|message| Arc::clone(&message.body)).collect()
    }

    /// How many bytes the bodies of its messages have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn dead(&self) -> Vec<Delivery> {
        self.dead.iter().cloned().collect()
    }

    pub(super) fn bury(&mut self, delivery: Delivery) {
        if self.dead.len() == MAX_DEAD_LETTERS {
            self.dead.pop_front();
        }
        self.dead.push_back(delivery);
    }

    /// Puts `message` behind all others of `group`.
    pub(super) fn push(&mut self, group: String, message: Message) {
        self.bytes += message.body.len();
        let waiting = self.groups.entry(group.clone()).or_default();
        waiting.messages.push_back(message);
        if waiting.messages.len() == 1 {
            self.ready.push_back(group);
        }
    }

    /// Gives out the first messages of a ready group, `max` at most; none: nothing is ready. Those that were given out too
    /// often are taken out instead, into `dead`.
    pub(super) fn take(&mut self, max: usize, limits: QueueLimits, dead: &mut Vec<(String, Message)>) -> Vec<Delivery> {
        while let Some(name) = self.ready.pop_front() {
            let died = dead.len();
            dead.extend(self.drop_worn_out(&name, limits).into_iter().map(|message| (name.clone(), message)));
            if dead.len() > died {
                // Others that are ready come first, as if a message had been given out.
                self.settle(&name);
                continue;
            }
            let Some(group) = self.groups.get_mut(&name) else { continue };
            let until = Instant::now() + limits.visibility;
            let mut deliveries = Vec::new();
            for message in group.messages.iter_mut().take(max) {
                self.last_id += 1;
                let key = (until, self.last_id);
                message.receive_count += 1;
                message.hidden_by = Some(key);
                self.hidden.insert(key, name.clone());
                deliveries.push(message.delivery(&name));
            }
            group.out = deliveries.len();
            return deliveries;
        }
        Vec::new()
    }

    /// Takes out the messages of a ready group that were given out too often. They are the first, for no message is given
    /// out without those before it.
    fn drop_worn_out(&mut self, name: &str, limits: QueueLimits) -> Vec<Message> {
        let Some(group) = self.groups.get_mut(name) else { return Vec::new() };
        let is_fresh = |message: &Message| message.receive_count < limits.max_receive_count;
        let count = group.messages.iter().position(is_fresh).unwrap_or(group.messages.len());
        let dropped: Vec<Message> = group.messages.drain(..count).collect();
        self.bytes -= dropped.iter().map(|message| message.body.len()).sum::<usize>();
        dropped
    }

    /// Makes visible what was hidden until `now`.
    pub(super) fn reveal(&mut self, now: Instant) {
        while let Some(entry) = self.hidden.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (key, name) = entry.remove_entry();
            let Some(group) = self.groups.get_mut(&name) else { continue };
            if let Some(message) = group.messages.iter_mut().find(|message| message.hidden_by == Some(key)) {
                message.hidden_by = None;
                group.out -= 1;
                self.settle(&name);
            }
        }
    }

    /// When the next message becomes visible again that is given out.
    pub(super) fn next_visible(&self) -> Option<Instant> {
        self.hidden.first_key_value().map(|((at, _), _)| *at)
    }

    /// Hides the message that is given out under `receipt` until `until`; whether there is one.
    pub(super) fn hide(&mut self, receipt: &str, until: Instant) -> bool {
        let number = self.next_id();
        let Some(receipt) = Receipt::parse(receipt) else { return false };
        let Some(group) = self.groups.get_mut(receipt.group) else { return false };
        let message = group.position(receipt).and_then(|at| group.messages.get_mut(at));
        let Some(hidden_by) = message.and_then(|message| message.hidden_by.replace((until, number))) else {
            return false;
        };
        self.hidden.remove(&hidden_by);
        self.hidden.insert((until, number), receipt.group.to_owned());
        true
    }

    /// Deletes the message that is given out under `receipt`; whether there is one.
    pub(super) fn delete(&mut self, receipt: &str) -> bool {
        let Some(receipt) = Receipt::parse(receipt) else { return false };
        let Some(group) = self.groups.get_mut(receipt.group) else { return false };
        let Some(message) = group.position(receipt).and_then(|at| group.messages.remove(at)) else { return false };
        group.out -= 1;
        self.bytes -= message.body.len();
        if let Some(hidden_by) = message.hidden_by {
            self.hidden.remove(&hidden_by);
        }
        self.settle(receipt.group);
        true
    }

    /// Sees to a group one of whose messages is given out no longer: it is ready when none is, and gone when there is none.
    fn settle(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        if group.messages.is_empty() {
            self.groups.remove(name);
        } else if group.out == 0 {
            self.ready.push_back(name.to_owned());
        }
    }
}
