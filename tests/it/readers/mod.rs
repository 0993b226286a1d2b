//! The readers of replies: what bytes of each content type become, however they are cut.

mod encodings;
mod records;
mod sse;
mod text;
mod whole;

use agentcore_gateway::agent::reply::EventReader;
use agentcore_gateway::agent::{MAX_EVENT_BYTES, ReplyError};
use agentcore_gateway::protocol::event::Event;

/// A reader that gives names and JSON texts.
struct Reader(EventReader);

/// The JSON text of an event behind its name and a bar, if it has one; an event without data has no text.
fn shown(events: &[Event]) -> Vec<String> {
    let show = |event: &Event| match event.name() {
        Some(name) => format!("{name}|{}", event.as_json()),
        None => event.as_json().to_owned(),
    };
    events.iter().map(show).collect()
}

impl Reader {
    fn new(content_type: &str, max_event_bytes: usize) -> Self {
        Self(EventReader::new(Some(content_type), max_event_bytes))
    }

    fn feed(&mut self, chunk: impl AsRef<[u8]>) -> Result<Vec<String>, ReplyError> {
        self.0.feed(chunk.as_ref()).map(|events| shown(&events))
    }

    fn finish(&mut self) -> Result<Vec<String>, ReplyError> {
        self.0.finish().map(|events| shown(&events))
    }
}

/// The events of a body that comes in the pieces `chunks`, and the error that ends it.
fn read<'a>(content_type: &str, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<ReplyError>) {
    let mut reader = Reader::new(content_type, MAX_EVENT_BYTES);
    let mut events = Vec::new();
    for chunk in chunks {
        match reader.feed(chunk) {
            Ok(more) => events.extend(more),
            Err(error) => return (events, Some(error)),
        }
    }
    match reader.finish() {
        Ok(more) => {
            events.extend(more);
            (events, None)
        }
        Err(error) => (events, Some(error)),
    }
}

/// What a body becomes, however it is cut: whole, byte by byte, and at each single place.
#[track_caller]
fn assert_read(content_type: &str, body: impl AsRef<[u8]>, events: &[&str], error: Option<ReplyError>) {
    let body = body.as_ref();
    let expected = (events.iter().map(|event| (*event).to_owned()).collect(), error);
    assert_eq!(read(content_type, [body]), expected, "whole");
    assert_eq!(read(content_type, body.chunks(1)), expected, "byte by byte");
    for at in 0..=body.len() {
        assert_eq!(read(content_type, [&body[..at], &body[at..]]), expected, "cut at {at}");
    }
}

/// `body` cut into pieces of `sizes`, again and again.
fn cut<'a>(body: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut chunks) = (body, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}
