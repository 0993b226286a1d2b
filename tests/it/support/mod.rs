//! What the tests share.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

pub mod agent;
pub mod around;
pub mod around_journal;
#[cfg(feature = "functions")]
pub mod aws;
pub mod clock;
pub mod counting;
#[cfg(feature = "functions")]
pub mod dynamodb;
pub mod engine;
pub mod events;
#[cfg(feature = "authorizer")]
pub mod lambda;
pub mod log;
pub mod losing;
pub mod measured;
pub mod outage;
pub mod push;
pub mod reply;
pub mod scripted;
pub mod socket;
#[cfg(feature = "jwt")]
pub mod tokens;
pub mod uploads;

/// `text` as a gzip body.
pub fn gzip<T: AsRef<[u8]>>(text: T) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}
