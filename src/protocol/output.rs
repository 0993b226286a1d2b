//! Packing events into `output` frames.

use std::collections::VecDeque;

use super::MAX_FRAME_BYTES;
use super::event::Event;
use super::frame::{Frame, FrameMaker, Seq};

/// Events of one run that wait to be sent, and the frames that they become.
///
/// One frame holds as many whole events as fit; an event that fits none is sliced, never inside a code point.
#[derive(Debug)]
pub struct Output {
    maker: FrameMaker,
    room: usize,
    waiting: VecDeque<Event>,
    bytes: usize,
}

impl Output {
    /// An empty output whose frames `maker` makes.
    #[must_use]
    pub fn new(maker: FrameMaker) -> Self {
        let room = MAX_FRAME_BYTES - maker.overhead();
        Self { maker, room, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Adds an event after all that wait.
    pub fn add(&mut self, event: Event) {
        self.bytes += event.as_json().len() + 1;
        self.waiting.push_back(event);
    }

    /// How many bytes of events wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All that waits, as frames of which the first has the number `seq`. Nothing waits afterwards.
    pub fn cut(&mut self, mut seq: Seq) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut events = String::new();
        self.bytes = 0;
        for event in std::mem::take(&mut self.waiting) {
            let json = event.as_json();
            let separator = usize::from(!events.is_empty());
            if events.len() + separator + json.len() > self.room {
                self.close(&mut frames, &mut seq, &mut events);
            }
            if json.len() > self.room {
                self.slice(&mut frames, &mut seq, json);
                continue;
            }
            if !events.is_empty() {
                events.push(',');
            }
            events.push_str(json);
        }
        self.close(&mut frames, &mut seq, &mut events);
        frames
    }

    fn close(&self, frames: &mut Vec<Frame>, seq: &mut Seq, events: &mut String) {
        if !events.is_empty() {
            frames.push(self.maker.output(*seq, events));
            events.clear();
            *seq += 1;
        }
    }

    fn slice(&self, frames: &mut Vec<Frame>, seq: &mut Seq, json: &str) {
        let mut rest = json.chars().peekable();
        for index in 0.. {
            let mut text = String::new();
            while let Some(next) = rest.next_if(|next| text.len() + escaped_len(*next) <= self.room) {
                escape(&mut text, next);
            }
            let last = rest.peek().is_none();
            frames.push(self.maker.part(*seq, index, last, &text));
            *seq += 1;
            if last {
                return;
            }
        }
    }
}

/// Of the characters that a JSON string must escape, only these occur in a JSON text.
fn escape(text: &mut String, character: char) {
    match character {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        other => text.push(other),
    }
}

fn escaped_len(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        other => other.len_utf8(),
    }
}
