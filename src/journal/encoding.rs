//! A segment as it is stored: its frames as a JSON text sequence (RFC 7464), compressed (zlib, RFC 1950).
//!
//! A table charges by the kilobyte, and the frames of a run share all but their numbers and events: compressed, a frame
//! costs little more than the events in it. What is stored are the very texts, so a replay is what was pushed, to the
//! byte, whatever later versions of the gateway write.

use std::io::{Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::Segment;
use crate::protocol::frame::{Frame, Outcome, Seq};

/// What begins each text of a sequence (RFC 7464, section 2.2). No JSON text holds it: control characters are escaped.
const RECORD_SEPARATOR: char = '\u{1e}';

/// What ends each text of a sequence.
const END: char = '\n';

/// More than any segment decodes to; beyond it, what was read is not one.
const MAX_DECODED_BYTES: u64 = 2 * 1024 * 1024;

/// What was stored is no segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stored segment cannot be read: {0}")]
pub struct MalformedSegment(&'static str);

impl Segment {
    /// Its stored form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(self.bytes() / 4), Compression::default());
        for frame in self.frames() {
            let record = format!("{RECORD_SEPARATOR}{}{END}", frame.text);
            // A vector takes all that is written to it.
            let _ = encoder.write_all(record.as_bytes());
        }
        encoder.finish().unwrap_or_default()
    }

    /// The segment whose stored form is `stored`: its first frame has the number `first`, and its last is the ending if
    /// there is an `outcome`.
    ///
    /// # Errors
    /// [`MalformedSegment`]
    pub fn decode(stored: &[u8], first: Seq, outcome: Option<Outcome>) -> Result<Self, MalformedSegment> {
        let mut text = String::new();
        let read = ZlibDecoder::new(stored).take(MAX_DECODED_BYTES).read_to_string(&mut text);
        read.map_err(|_| MalformedSegment("it is not compressed text"))?;
        let records = text.strip_prefix(RECORD_SEPARATOR).ok_or(MalformedSegment("it does not begin a record"))?;
        let mut frames = Vec::new();
        for (seq, record) in (first..).zip(records.split(RECORD_SEPARATOR)) {
            let text = record.strip_suffix(END).ok_or(MalformedSegment("a record does not end"))?;
            frames.push(Frame { seq, text: text.to_owned(), outcome: None });
        }
        if let Some(last) = frames.last_mut() {
            last.outcome = outcome;
        }
        Self::new(frames.into_iter().map(Arc::new).collect()).ok_or(MalformedSegment("it has no frame"))
    }
}
