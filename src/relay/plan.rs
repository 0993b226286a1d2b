//! What the messages of a batch become, from any place in the run on: a pure function of the messages and the position.
//!
//! A batch that comes again may be cut otherwise, and another relay may have written a part of it. So each step says what
//! comes behind it, and what follows from there is the same whoever goes on.

use std::sync::Arc;

use crate::journal::{MAX_SEGMENT_BYTES, Segment};
use crate::protocol::event::Event;
use crate::protocol::frame::{Ending, Failure, Frame, FrameMaker, Seq};
use crate::protocol::output::Output;
use crate::queue::reply::ReplyMessage;
use crate::session::NextMessage;

/// A place in a detached run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The last frame before it.
    pub(super) seq: Seq,
    /// The message from which the next frame is.
    pub(super) next: NextMessage,
}

/// The next thing to do.
#[derive(Debug)]
pub(super) struct Step {
    /// What is to be appended; heartbeats are nothing.
    pub(super) frames: Vec<Arc<Frame>>,
    /// How many events these frames bring to their end.
    pub(super) events: usize,
    /// What these frames end the run with.
    pub(super) ending: Option<End>,
    /// The place behind it.
    pub(super) behind: Position,
}

impl Step {
    /// The segment that is to be appended, if there is one.
    pub(super) fn segment(&self) -> Option<Segment> {
        Some(Segment::new(self.frames.clone())?.followed_by(self.behind.next))
    }
}

/// How a detached run comes to its end by its own messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) ending: Ending,
    /// It was not the agent that ended it: that goes on.
    pub(super) agent_goes_on: bool,
}

/// The messages of one run, and what they may become.
pub(super) struct Plan<'a> {
    /// Each with how many bytes its events take in frames.
    messages: Vec<(&'a ReplyMessage, usize)>,
    maker: FrameMaker,
    max_bytes: u64,
}

impl<'a> Plan<'a> {
    /// A plan for `messages`, whose indices follow one another.
    pub(super) fn new(messages: Vec<&'a ReplyMessage>, maker: FrameMaker, max_bytes: usize) -> Self {
        let messages = messages.into_iter().map(|message| (message, message.size())).collect();
        Self { messages, maker, max_bytes: max_bytes as u64 }
    }

    /// What is to be done from `position` on; `None`: nothing more.
    pub(super) fn step(&self, position: Position) -> Option<Step> {
        let mut messages =
            self.messages.iter().skip_while(|(message, _)| message.index < position.next.index).peekable();
        let (first, size) = messages.peek()?;
        if first.index != position.next.index {
            return None;
        }
        if *size > MAX_SEGMENT_BYTES || position.next.frames > 0 {
            return Some(self.part(position, first));
        }
        let mut output = Output::new(self.maker.clone());
        let (mut next, mut waiting, mut count, mut end) = (position.next, 0, 0, None);
        while let Some((message, size)) = messages.next_if(|(_, size)| waiting + size <= MAX_SEGMENT_BYTES) {
            let (events, how) = self.within_limit(message, next.bytes);
            events.iter().for_each(|event| output.add(event.clone()));
            waiting += size;
            count += events.len();
            next = NextMessage { index: message.index + 1, frames: 0, bytes: next.bytes + message.bytes() as u64 };
            if how.is_some() {
                end = how;
                break;
            }
        }
        Some(self.whole(position, output.cut(position.seq + 1), count, next, end))
    }

    /// A part of a message that is too large for one segment. It is cut alone, always the same.
    fn part(&self, position: Position, message: &ReplyMessage) -> Step {
        let (events, end) = self.within_limit(message, position.next.bytes);
        let mut output = Output::new(self.maker.clone());
        events.iter().for_each(|event| output.add(event.clone()));
        let first = (position.seq + 1).saturating_sub(position.next.frames);
        let mut rest = output.cut(first).into_iter().skip_while(|frame| frame.seq <= position.seq).peekable();
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while let Some(frame) = rest.next_if(|frame| bytes == 0 || bytes + frame.text.len() <= MAX_SEGMENT_BYTES) {
            bytes += frame.text.len();
            frames.push(frame);
        }
        if rest.peek().is_none() {
            let bytes = position.next.bytes + message.bytes() as u64;
            let next = NextMessage { index: message.index + 1, frames: 0, bytes };
            return self.whole(position, frames, events.len(), next, end);
        }
        let behind = NextMessage { frames: position.next.frames + frames.len() as u64, ..position.next };
        self.whole(position, frames, 0, behind, None)
    }

    fn whole(
        &self,
        position: Position,
        mut frames: Vec<Frame>,
        events: usize,
        next: NextMessage,
        end: Option<End>,
    ) -> Step {
        let last = |frames: &[Frame]| frames.last().map_or(position.seq, |frame| frame.seq);
        if let Some(End { ending, .. }) = &end {
            frames.push(self.maker.ending(last(&frames) + 1, ending));
        }
        let behind = Position { seq: last(&frames), next };
        Step { frames: frames.into_iter().map(Arc::new).collect(), events, ending: end, behind }
    }

    /// The events of `message` that a reply of so many `bytes` has room for, and how it ends the run.
    fn within_limit<'m>(&self, message: &'m ReplyMessage, bytes: u64) -> (&'m [Event], Option<End>) {
        let mut room = self.max_bytes.saturating_sub(bytes);
        for (at, event) in message.events.iter().enumerate() {
            match room.checked_sub(event.as_json().len() as u64) {
                Some(left) => room = left,
                None => {
                    let ending = Ending::Failed(Failure::reply_too_large());
                    return (&message.events[..at], Some(End { ending, agent_goes_on: true }));
                }
            }
        }
        let end = message.end.clone().map(|ending| End { ending, agent_goes_on: false });
        (&message.events, end)
    }
}
