//! Randomness, passed in so that a test can replay it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::clock::Timestamp;
use crate::protocol::ids::RequestId;

/// A source of random numbers that many tasks share.
#[derive(Debug)]
pub struct Random(Mutex<StdRng>);

impl Random {
    /// Seeded by the operating system: what a program uses.
    #[must_use]
    pub fn from_os() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// Seeded by `seed`: the same numbers each time, for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// 128 random bits.
    #[must_use]
    pub fn bits(&self) -> u128 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// A name that nobody else draws: 128 random bits in hexadecimal.
    #[must_use]
    pub fn unique_name(&self) -> String {
        format!("{:032x}", self.bits())
    }

    /// A time between zero and `longest`, evenly distributed: full jitter.
    #[must_use]
    pub fn jitter(&self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.lock().unwrap_or_else(PoisonError::into_inner).random::<f64>())
    }

    /// A new request id, a UUIDv7 (RFC 9562): sorted by time, unique without asking anybody.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a hyphenated UUID keeps the rule of request ids")]
    pub fn request_id(&self, now: Timestamp) -> RequestId {
        let bits = self.bits().to_be_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&bits[..10]);
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.0, &random).into_uuid();
        RequestId::parse(uuid.hyphenated().to_string()).expect("a UUID is a request id")
    }
}
