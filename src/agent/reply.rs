//! Reading a reply: the reader is chosen by `Content-Type`, for agents ignore `Accept`.

use super::ReplyError;
use super::line::{text, without_byte_order_mark};
use super::pieces::PieceReader;
use super::records::RecordReader;
use super::sse::SseReader;
use crate::protocol::event::Event;

/// Turns the bytes of a reply into events.
#[derive(Debug)]
pub struct EventReader {
    format: Format,
    max_event_bytes: usize,
    /// What was found behind events of the same chunk, which are given out first.
    error: Option<ReplyError>,
}

#[derive(Debug)]
enum Format {
    /// The data of each event.
    Events(SseReader),
    /// Each line, or each text of a sequence.
    Records(RecordReader),
    /// Each piece as it comes.
    Text(PieceReader),
    /// The whole body is one JSON text.
    Json(Vec<u8>),
    /// The whole body is one string.
    Whole(Vec<u8>),
}

impl EventReader {
    /// The reader for a body of `content_type`, which refuses events of more than `max_event_bytes`.
    #[must_use]
    pub fn new(content_type: Option<&str>, max_event_bytes: usize) -> Self {
        Self { format: Format::of(content_type.unwrap_or_default(), max_event_bytes), max_event_bytes, error: None }
    }

    /// Takes the next `chunk`, and returns the events that it completes.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`]
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Event>, ReplyError> {
        self.read(|reader, events| reader.feed_into(chunk, events))
    }

    /// The body has ended cleanly: the events that this completes.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`], [`ReplyError::NoEventStream`]
    pub fn finish(&mut self) -> Result<Vec<Event>, ReplyError> {
        self.read(Self::finish_into)
    }

    /// Whether this is a stream of events, in which an event may report a failure.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.format, Format::Events(_) | Format::Records(_))
    }

    fn read(
        &mut self,
        step: impl FnOnce(&mut Self, &mut Vec<Event>) -> Result<(), ReplyError>,
    ) -> Result<Vec<Event>, ReplyError> {
        let mut events = Vec::new();
        if self.error.is_none() {
            self.error = step(self, &mut events).err();
        }
        match &self.error {
            Some(error) if events.is_empty() => Err(error.clone()),
            _ => Ok(events),
        }
    }

    fn feed_into(&mut self, chunk: &[u8], events: &mut Vec<Event>) -> Result<(), ReplyError> {
        match &mut self.format {
            Format::Events(reader) => reader.feed(chunk, events)?,
            Format::Records(reader) => reader.feed(chunk, events)?,
            Format::Text(reader) => events.extend(reader.feed(chunk)),
            Format::Json(body) | Format::Whole(body) => {
                if body.len() + chunk.len() > self.max_event_bytes {
                    return Err(ReplyError::TooLarge);
                }
                body.extend_from_slice(chunk);
            }
        }
        Ok(())
    }

    fn finish_into(&mut self, events: &mut Vec<Event>) -> Result<(), ReplyError> {
        match &mut self.format {
            Format::Events(reader) => reader.finish(events)?,
            Format::Records(reader) => reader.finish(events)?,
            Format::Text(reader) => events.extend(reader.finish()),
            Format::Json(body) => {
                let mut body = std::mem::take(body);
                body.drain(..body.len() - without_byte_order_mark(&body).len());
                events.extend((!body.is_empty()).then(|| Event::from_data(text(body))));
            }
            Format::Whole(body) => {
                let body = text(std::mem::take(body));
                events.extend((!body.is_empty()).then(|| Event::from_text(&body)));
            }
        }
        Ok(())
    }
}

impl Format {
    fn of(content_type: &str, max_event_bytes: usize) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/event-stream" => Self::Events(SseReader::new(max_event_bytes)),
            "application/x-ndjson" | "application/jsonl" | "application/jsonlines" | "application/stream+json" => {
                Self::Records(RecordReader::of_lines(max_event_bytes))
            }
            "application/json-seq" => Self::Records(RecordReader::of_a_sequence(max_event_bytes)),
            "application/json" => Self::Json(Vec::new()),
            other if other.ends_with("+json") => Self::Json(Vec::new()),
            other if other.starts_with("text/") => Self::Text(PieceReader::default()),
            _ => Self::Whole(Vec::new()),
        }
    }
}
