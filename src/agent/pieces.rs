//! Text that comes in pieces, each a whole number of characters.

use std::str::from_utf8;

use crate::protocol::event::Event;

/// Of a character that a chunk has cut, so much may have come.
const LONGEST_BEGINNING: usize = 3;

/// Reads pieces of text from chunks of a body, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct PieceReader {
    /// The beginning of a character whose end has not come yet.
    beginning: Vec<u8>,
}

impl PieceReader {
    /// Takes the next `chunk`; the piece that it is, if it completes a character.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Option<Event> {
        self.beginning.extend_from_slice(chunk);
        let mut piece = std::mem::take(&mut self.beginning);
        self.beginning = piece.split_off(piece.len() - cut_character(&piece));
        event(&piece)
    }

    /// The body has ended: the piece that is left, if any.
    pub(super) fn finish(&mut self) -> Option<Event> {
        event(&std::mem::take(&mut self.beginning))
    }
}

fn event(piece: &[u8]) -> Option<Event> {
    (!piece.is_empty()).then(|| Event::from_text(&String::from_utf8_lossy(piece)))
}

/// How many bytes at the end of `bytes` are the beginning of a character.
fn cut_character(bytes: &[u8]) -> usize {
    let is_beginning = |count: &usize| {
        let end = &bytes[bytes.len() - count..];
        from_utf8(end).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=LONGEST_BEGINNING.min(bytes.len())).find(is_beginning).unwrap_or(0)
}
