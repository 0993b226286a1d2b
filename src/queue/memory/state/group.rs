//! The messages of a group.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::queue::memory::Delivery;

/// When a message that is given out becomes visible again, and a number that nothing else has: the key in
/// `State::hidden`.
pub(super) type Hidden = (Instant, u64);

/// The messages of a group, in order. Those that are given out are among the first.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) messages: VecDeque<Message>,
    /// How many of them are given out.
    pub(super) out: usize,
}

/// A message in a queue.
#[derive(Debug)]
pub(in crate::queue::memory) struct Message {
    pub(super) id: u64,
    pub(super) body: Arc<str>,
    pub(super) receive_count: u32,
    /// The key in `hidden` while the message is given out.
    pub(super) hidden_by: Option<Hidden>,
}

/// Which message was given out, and the how-manieth time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt<'a> {
    pub(super) group: &'a str,
    id: u64,
    receive_count: u32,
}

impl<'a> Receipt<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (rest, receive_count) = text.rsplit_once('/')?;
        let (group, id) = rest.rsplit_once('/')?;
        Some(Self { group, id: id.parse().ok()?, receive_count: receive_count.parse().ok()? })
    }
}

impl Message {
    pub(in crate::queue::memory) fn new(id: u64, body: Arc<str>) -> Self {
        Self { id, body, receive_count: 0, hidden_by: None }
    }

    /// The message as another queue takes it over: its id stays, and it counts as never given out.
    pub(in crate::queue::memory) fn moved(self) -> Self {
        Self { receive_count: 0, ..self }
    }

    /// The message as it is given out.
    pub(in crate::queue::memory) fn delivery(&self, group: &str) -> Delivery {
        Delivery {
            message_id: self.id.to_string(),
            receipt: format!("{group}/{}/{}", self.id, self.receive_count),
            group: group.to_owned(),
            body: Arc::clone(&self.body),
            receive_count: self.receive_count,
        }
    }
}

impl Group {
    /// Where the message is that is given out under `receipt`.
    pub(super) fn position(&self, receipt: Receipt<'_>) -> Option<usize> {
        let is_meant = |message: &Message| {
            (message.id, message.receive_count) == (receipt.id, receipt.receive_count) && message.hidden_by.is_some()
        };
        self.messages.iter().position(is_meant)
    }
}
