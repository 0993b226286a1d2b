//! A line of a body that comes in chunks, and the bytes of text.

use super::ReplyError;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a line may have besides what it says: a byte order mark before it and CR behind it.
const BESIDE: usize = 4;

/// A line that is not complete yet. It ends with LF or CRLF.
#[derive(Debug)]
pub(super) struct Line {
    max_bytes: usize,
    bytes: Vec<u8>,
    is_first: bool,
}

impl Line {
    /// The first line of a body; lines of more than `max_bytes` are refused.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: Vec::new(), is_first: true }
    }

    /// Adds `bytes`. The limit is the same wherever the body is cut: it counts the line as far as it has come.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), ReplyError> {
        self.check(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The whole line, of which `rest` came last; [`clear`](Self::clear) begins the next one. One that came at once is
    /// not copied.
    pub(super) fn end<'a>(&'a mut self, rest: &'a [u8]) -> Result<&'a [u8], ReplyError> {
        let line = if self.bytes.is_empty() {
            self.check(rest.len())?;
            rest
        } else {
            self.extend(rest)?;
            &self.bytes
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(if std::mem::take(&mut self.is_first) { without_byte_order_mark(line) } else { line })
    }

    fn check(&self, more: usize) -> Result<(), ReplyError> {
        if self.bytes.len() + more > self.max_bytes + BESIDE { Err(ReplyError::TooLarge) } else { Ok(()) }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// `body` without the byte order mark before it.
pub(super) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
}

/// `bytes` as text, with U+FFFD for what is not UTF-8.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
