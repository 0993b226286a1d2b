//! SHA-256 in the form in which keys, queue groups and session ids hold it.

use sha2::{Digest, Sha256};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The SHA-256 (FIPS 180-4) of `parts` with a zero byte between them, in hex.
#[must_use]
pub fn hex(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hasher.update([0]);
        }
        hasher.update(part.as_bytes());
    }
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
    hasher.finalize().iter().flat_map(|byte| digits(*byte)).collect()
}

/// The first 32 hex digits of [`hex`]: 128 bits, beyond collision by accident or by search for a given target.
#[must_use]
pub fn short_hex(parts: &[&str]) -> String {
    let mut digits = hex(parts);
    digits.truncate(32);
    digits
}
