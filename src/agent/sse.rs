//! Server-sent events, as agents send them.
//!
//! This is not the WHATWG parser: a lone CR ends no line (agents send JSON with any character raw), an event with empty
//! data is an event, and the last event needs no blank line behind it, for a clean end of the body is the only end mark
//! that there is.

use super::ReplyError;
use super::line::{Line, text};
use crate::protocol::event::{Event, MAX_NAME_BYTES};

/// What a line has besides its data, at most: `data: `.
const FIELD_BYTES: usize = 6;

/// So many bytes of a name are enough: a character that they cut lies behind where the name is cut.
const NAME_PREFIX: usize = MAX_NAME_BYTES + 4;

/// Reads events from chunks of a body, cut anywhere.
#[derive(Debug)]
pub(super) struct SseReader {
    max_event_bytes: usize,
    line: Line,
    /// The data of the event that is not complete yet; `None`: it has no `data` line so far.
    data: Option<Vec<u8>>,
    /// The name of that event, uncut but for what nobody needs; empty: it has none.
    name: Vec<u8>,
    has_bytes: bool,
    /// A line was a field or a comment.
    is_event_stream: bool,
}

impl SseReader {
    /// A reader that refuses events of more than `max_event_bytes`.
    pub(super) fn new(max_event_bytes: usize) -> Self {
        let line = Line::new(max_event_bytes + FIELD_BYTES);
        let (data, name) = (None, Vec::new());
        Self { max_event_bytes, line, data, name, has_bytes: false, is_event_stream: false }
    }

    /// Takes the next `chunk`, and adds the events that it completes to `events`.
    pub(super) fn feed(&mut self, chunk: &[u8], events: &mut Vec<Event>) -> Result<(), ReplyError> {
        self.has_bytes |= !chunk.is_empty();
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.end_line(&rest[..end], events)?;
            rest = &rest[end + 1..];
        }
        self.line.extend(rest)
    }

    /// The body has ended: adds the event that this completes, if any.
    pub(super) fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), ReplyError> {
        if !self.line.is_empty() {
            self.end_line(b"", events)?;
        }
        if self.has_bytes && !self.is_event_stream {
            return Err(ReplyError::NoEventStream);
        }
        events.extend(self.end_event());
        Ok(())
    }

    /// Takes the line that ends with `rest`.
    fn end_line(&mut self, rest: &[u8], events: &mut Vec<Event>) -> Result<(), ReplyError> {
        let line = self.line.end(rest)?;
        if line.is_empty() {
            self.line.clear();
            if let Some(event) = self.end_event() {
                events.push(event);
            }
            return Ok(());
        }
        let (field, value) = field(line);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(&value[..value.len().min(NAME_PREFIX)]);
            }
            // Of comments and these fields a client gets nothing.
            b"" | b"id" | b"retry" => {}
            _ => {
                self.line.clear();
                return Ok(());
            }
        }
        self.line.clear();
        self.is_event_stream = true;
        let is_too_large = self.data.as_ref().is_some_and(|data| data.len() > self.max_event_bytes);
        if is_too_large { Err(ReplyError::TooLarge) } else { Ok(()) }
    }

    fn end_event(&mut self) -> Option<Event> {
        let event = match self.data.take() {
            Some(data) if self.name.is_empty() => Some(Event::from_data(text(data))),
            Some(data) => Some(Event::from_data(text(data)).named(&String::from_utf8_lossy(&self.name))),
            None => (self.name == b"error").then(Event::error_without_data),
        };
        self.name.clear();
        event
    }
}

/// The name and the value of the field in `line`; a comment has an empty name.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memchr::memchr(b':', line) else { return (line, b"") };
    let value = &line[colon + 1..];
    (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
}
