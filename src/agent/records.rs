//! JSON texts one behind the other: one in each line (NDJSON, JSON Lines), or as a sequence (RFC 7464).

use super::ReplyError;
use super::line::{Line, text};
use crate::protocol::Nesting;
use crate::protocol::event::Event;

const LINE_FEED: u8 = b'\n';

/// What begins each text of a sequence (RFC 7464, section 2.2).
const RECORD_SEPARATOR: u8 = 0x1e;

/// Reads records from chunks of a body, cut anywhere.
#[derive(Debug)]
pub(super) struct RecordReader {
    max_event_bytes: usize,
    record: Line,
    /// How far the record nests; `None`: a line is a record, whatever it holds.
    nesting: Option<Nesting>,
}

impl RecordReader {
    /// Each line is a record.
    pub(super) fn of_lines(max_event_bytes: usize) -> Self {
        Self { max_event_bytes, record: Line::new(max_event_bytes), nesting: None }
    }

    /// A record ends before the next record separator, and as soon as a line ends behind a JSON text that is whole: a
    /// text may have several lines, and whoever sends one does not wait for the next to begin.
    pub(super) fn of_a_sequence(max_event_bytes: usize) -> Self {
        Self { nesting: Some(Nesting::default()), ..Self::of_lines(max_event_bytes) }
    }

    /// Takes the next `chunk`, and adds the events that it completes to `events`.
    pub(super) fn feed(&mut self, chunk: &[u8], events: &mut Vec<Event>) -> Result<(), ReplyError> {
        let mut rest = chunk;
        while let Some(end) = self.find_end(rest) {
            let (part, mark) = (&rest[..end], rest[end]);
            if self.is_open_behind(part) && mark == LINE_FEED {
                self.record.extend(&rest[..=end])?;
            } else {
                events.extend(self.end_record(part)?);
            }
            rest = &rest[end + 1..];
        }
        self.is_open_behind(rest);
        self.record.extend(rest)
    }

    /// The body has ended: adds the event that this completes, if any.
    pub(super) fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), ReplyError> {
        events.extend(self.end_record(b"")?);
        Ok(())
    }

    fn find_end(&self, bytes: &[u8]) -> Option<usize> {
        match self.nesting {
            None => memchr::memchr(LINE_FEED, bytes),
            Some(_) => memchr::memchr2(LINE_FEED, RECORD_SEPARATOR, bytes),
        }
    }

    /// Reads the next `part` of a text of a sequence. Whether something in it is open then.
    fn is_open_behind(&mut self, part: &[u8]) -> bool {
        let Some(nesting) = &mut self.nesting else { return false };
        nesting.read(part);
        !nesting.is_closed()
    }

    /// Takes the record that ends with `rest`.
    fn end_record(&mut self, rest: &[u8]) -> Result<Option<Event>, ReplyError> {
        if let Some(nesting) = &mut self.nesting {
            *nesting = Nesting::default();
        }
        let record = self.record.end(rest)?;
        let is_too_large = record.len() > self.max_event_bytes;
        let event = (!record.trim_ascii().is_empty()).then(|| record.to_vec());
        self.record.clear();
        if is_too_large { Err(ReplyError::TooLarge) } else { Ok(event.map(|record| Event::from_data(text(record)))) }
    }
}
