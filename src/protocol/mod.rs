//! The wire protocol, version 1: what a client and the gateway say to each other.
//!
//! The contract in words is `docs/protocol.md`; here are its types. Everything that enters is parsed once, at the
//! edge, into types that cannot hold what the rules forbid; everything that leaves is made in [`frame`] and
//! [`answer`] and fits one API Gateway frame.

pub mod answer;
pub mod event;
pub mod frame;
pub mod ids;
pub mod invocation;
pub mod json_text;
pub mod marker;
mod members;
pub mod message;
mod object;
pub mod output;
pub mod rejection;
pub mod reply;
pub mod report;
pub mod upload;
mod words;

pub(crate) use object::members;
pub(crate) use words::{words, words_of};

/// The largest message the gateway sends, in bytes of UTF-8: one frame and one metering unit of API Gateway
/// (Amazon API Gateway quotas, "WebSocket frame size" and "WebSocket message pricing").
pub const MAX_FRAME_BYTES: usize = 32 * 1024;

/// The largest message a client may send, in bytes (Amazon API Gateway quotas, "WebSocket message size").
pub const MAX_MESSAGE_BYTES: usize = 128 * 1024;

/// How deep the JSON of a message may nest. Common parsers give up at 128 levels, so that what passes here can be
/// read by whoever gets it next.
pub const MAX_NESTING: usize = 127;

/// How deep the JSON text `text` nests; `text` must be valid JSON.
#[must_use]
pub fn nesting(text: &str) -> usize {
    let mut nesting = Nesting::default();
    nesting.read(text.as_bytes());
    nesting.deepest
}

/// How deep a JSON text nests, as far as it has been read.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Reads the next `bytes` of the text.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether nothing is open: a text that is valid so far may end here.
    pub(crate) fn is_closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }
}

/// The JSON string that stands for `text`, with its quotes.
#[must_use]
#[expect(clippy::expect_used, reason = "a string always serialises")]
pub fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is plain data")
}
