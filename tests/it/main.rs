//! The integration tests: one binary, through the public surface only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]

mod conformance;
mod local;
mod protocol;
mod resume;
mod support;
mod worker;
