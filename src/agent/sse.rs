//! Server-sent events, as agents send them.
//!
//! This is not the WHATWG parser: a lone CR ends no line (agents send JSON with any character raw), an event with empty
//! data is an event, and the last event needs no blank line behind it, for a clean end of the body is the only end mark
//! that there is.

use super::ReplyError;

/// What a line has besides its data, at most: a byte order mark, `data: ` and CR.
const FIELD_BYTES: usize = 16;

/// Reads the data of events from chunks of a body, cut anywhere.
#[derive(Debug)]
pub struct SseReader {
    max_event_bytes: usize,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// The data of the event that is not complete yet; `None`: it has no `data` line so far.
    data: Option<Vec<u8>>,
    at_start: bool,
    /// An event was too large; those before it in the same chunk are given out first.
    is_too_large: bool,
}

impl SseReader {
    /// A reader that refuses events of more than `max_event_bytes`.
    #[must_use]
    pub fn new(max_event_bytes: usize) -> Self {
        Self { max_event_bytes, line: Vec::new(), data: None, at_start: true, is_too_large: false }
    }

    /// Takes the next `chunk`, and returns the data of the events that it completes.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`]
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<String>, ReplyError> {
        let mut events = Vec::new();
        let result = self.feed_into(chunk, &mut events);
        self.is_too_large |= result.is_err();
        if self.is_too_large && events.is_empty() { Err(ReplyError::TooLarge) } else { Ok(events) }
    }

    fn feed_into(&mut self, chunk: &[u8], events: &mut Vec<String>) -> Result<(), ReplyError> {
        if self.is_too_large {
            return Err(ReplyError::TooLarge);
        }
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.extend_line(&rest[..end])?;
            rest = &rest[end + 1..];
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
            events.extend(self.end_line()?);
        }
        self.extend_line(rest)
    }

    /// The limit is the same wherever the body is cut: it counts the line as far as it has come.
    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), ReplyError> {
        self.line.extend_from_slice(bytes);
        if self.line.len() > self.max_event_bytes + FIELD_BYTES { Err(ReplyError::TooLarge) } else { Ok(()) }
    }

    /// The body has ended: the data of the event that this completes, if any.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`]
    pub fn finish(&mut self) -> Result<Option<String>, ReplyError> {
        if self.is_too_large {
            return Err(ReplyError::TooLarge);
        }
        if !self.line.is_empty() {
            self.end_line()?;
        }
        Ok(self.data.take().map(into_text))
    }

    fn end_line(&mut self) -> Result<Option<String>, ReplyError> {
        let mut line = self.line.as_slice();
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.line.clear();
            return Ok(self.data.take().map(into_text));
        }
        // Comments and the fields `event`, `id` and `retry` say nothing that a client gets.
        if let Some(value) = data_of(line) {
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        self.line.clear();
        let is_too_large = self.data.as_ref().is_some_and(|data| data.len() > self.max_event_bytes);
        if is_too_large { Err(ReplyError::TooLarge) } else { Ok(None) }
    }
}

fn data_of(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data")?;
    match value.strip_prefix(b":") {
        Some(value) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        None => value.is_empty().then_some(value),
    }
}

fn into_text(data: Vec<u8>) -> String {
    String::from_utf8(data).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
