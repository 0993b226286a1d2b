//! SHA-256 in the form in which keys, queue groups and session ids hold it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

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
    HEXLOWER.encode(&hasher.finalize())
}

/// The first 32 hex digits of [`hex`]: 128 bits, beyond collision by accident or by search for a given target.
#[must_use]
pub fn short_hex(parts: &[&str]) -> String {
    let mut digits = hex(parts);
    digits.truncate(32);
    digits
}
