//! Reading a reply: the reader is chosen by `Content-Type`, for agents ignore `Accept`.

use super::sse::SseReader;
use super::{MAX_EVENT_BYTES, ReplyError};
use crate::protocol::event::Event;

/// Turns the bytes of a reply into events.
#[derive(Debug)]
pub enum EventReader {
    /// `text/event-stream`: each event's data.
    Stream(SseReader),
    /// `application/json`: the whole body is one event.
    Json(Vec<u8>),
    /// Anything else: the whole body is one string.
    Text(Vec<u8>),
}

impl EventReader {
    /// The reader for a body of `content_type`.
    #[must_use]
    pub fn for_content_type(content_type: Option<&str>) -> Self {
        let essence =
            content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/event-stream" => Self::Stream(SseReader::new(MAX_EVENT_BYTES)),
            "application/json" => Self::Json(Vec::new()),
            other if other.ends_with("+json") => Self::Json(Vec::new()),
            _ => Self::Text(Vec::new()),
        }
    }

    /// Takes the next `chunk`, and returns the events that it completes.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`]
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Event>, ReplyError> {
        match self {
            Self::Stream(reader) => Ok(reader.feed(chunk)?.into_iter().map(Event::from_data).collect()),
            Self::Json(body) | Self::Text(body) if body.len() + chunk.len() > MAX_EVENT_BYTES => {
                Err(ReplyError::TooLarge)
            }
            Self::Json(body) | Self::Text(body) => {
                body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
        }
    }

    /// The body has ended cleanly: the event that this completes, if any.
    ///
    /// # Errors
    /// [`ReplyError::TooLarge`]
    pub fn finish(&mut self) -> Result<Option<Event>, ReplyError> {
        Ok(match self {
            Self::Stream(reader) => reader.finish()?.map(Event::from_data),
            Self::Json(body) | Self::Text(body) if body.is_empty() => None,
            Self::Json(body) => Some(Event::from_data(String::from_utf8_lossy(body))),
            Self::Text(body) => Some(Event::from_text(&String::from_utf8_lossy(body))),
        })
    }

    /// Whether this is a stream of events.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }
}
