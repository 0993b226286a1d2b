//! Packing events into `output` frames.

use super::event::Event;
use super::frame::{Frame, FrameMaker, Seq};
use super::{MAX_FRAME_BYTES, json_string};

/// For so many events there is always room once there was.
const KEPT_ROOM: usize = 32;

/// Events of one run that wait to be sent, and the frames that they become.
///
/// One frame holds as many whole events as fit; an event that fits none is sliced, never inside a code point.
#[derive(Debug)]
pub struct Output {
    maker: FrameMaker,
    room: usize,
    waiting: Vec<Event>,
    bytes: usize,
}

impl Output {
    /// An empty output whose frames `maker` makes.
    #[must_use]
    pub fn new(maker: FrameMaker) -> Self {
        let room = MAX_FRAME_BYTES - maker.overhead();
        Self { maker, room, waiting: Vec::new(), bytes: 0 }
    }

    /// Adds an event after all that wait.
    pub fn add(&mut self, event: Event) {
        self.bytes += event.size();
        self.waiting.push(event);
    }

    /// How many bytes of frames wait, but for what stands around the events of each.
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
        let mut whole = Whole::of((self.bytes + self.waiting.len()).min(self.room));
        self.bytes = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        for event in waiting.drain(..) {
            if whole.take(&event, self.room) {
                continue;
            }
            self.close(&mut frames, &mut seq, &mut whole);
            if !whole.take(&event, self.room) {
                self.slice(&mut frames, &mut seq, &event);
            }
        }
        self.close(&mut frames, &mut seq, &mut whole);
        // The next frame is much like this one; what a burst needed is given back.
        waiting.shrink_to(KEPT_ROOM);
        self.waiting = waiting;
        frames
    }

    fn close(&self, frames: &mut Vec<Frame>, seq: &mut Seq, whole: &mut Whole) {
        if whole.count > 0 {
            frames.push(self.maker.output(*seq, &whole.events, &whole.names_member()));
            *whole = Whole::default();
            *seq += 1;
        }
    }

    fn slice(&self, frames: &mut Vec<Frame>, seq: &mut Seq, event: &Event) {
        let name = event.name().map(|name| format!(r#","name":{}"#, json_string(name))).unwrap_or_default();
        // What would fit one slice would have fitted a frame.
        let room = self.room - names_bytes(Whole::default().entry(event).len());
        let mut rest = event.as_json().chars().peekable();
        for index in 0.. {
            let mut text = String::new();
            while let Some(next) = rest.next_if(|next| text.len() + escaped_len(*next) <= room) {
                escape(&mut text, next);
            }
            let last = rest.peek().is_none();
            frames.push(self.maker.part(*seq, index, last, &name, &text));
            *seq += 1;
            if last {
                return;
            }
        }
    }
}

/// Whole events of one frame, and their names.
#[derive(Debug, Default)]
struct Whole {
    count: usize,
    events: String,
    names: String,
}

impl Whole {
    /// With room for so many bytes of events.
    fn of(bytes: usize) -> Self {
        Self { events: String::with_capacity(bytes), ..Self::default() }
    }

    /// Takes `event`, if all then fit into `room` bytes. Whether they do.
    fn take(&mut self, event: &Event, room: usize) -> bool {
        let (before, entry) = (separator(&self.events), self.entry(event));
        let names = names_bytes(self.names.len() + entry.len());
        if self.events.len() + before.len() + event.as_json().len() + names > room {
            return false;
        }
        self.events.push_str(before);
        self.events.push_str(event.as_json());
        self.names.push_str(&entry);
        self.count += 1;
        true
    }

    /// What `names` gets if `event` is the next one; empty: it has no name.
    fn entry(&self, event: &Event) -> String {
        let before = separator(&self.names);
        event.name().map(|name| format!(r#"{before}"{}":{}"#, self.count, json_string(name))).unwrap_or_default()
    }

    /// The member `names` with a comma before it; empty: no event has a name.
    fn names_member(&self) -> String {
        if self.names.is_empty() { String::new() } else { format!(r#","names":{{{}}}"#, self.names) }
    }
}

/// How many bytes the member `names` takes that holds so many.
fn names_bytes(names: usize) -> usize {
    if names == 0 { 0 } else { r#","names":{}"#.len() + names }
}

/// What stands between what has been written and what comes next.
fn separator(written: &str) -> &'static str {
    if written.is_empty() { "" } else { "," }
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
