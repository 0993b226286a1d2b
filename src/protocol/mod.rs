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
mod members;
pub mod message;
pub mod output;
pub mod rejection;

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
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The JSON string that stands for `text`, with its quotes.
#[must_use]
pub fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
