//! The integration tests: one binary, through the public surface only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]

#[cfg(feature = "local")]
mod addresses;
mod agent_client;
mod auth_options;
#[cfg(feature = "jwt")]
mod authorizer;
mod closer;
mod conformance;
mod docs;
mod echo;
#[cfg(feature = "functions")]
mod emulator;
mod environment;
#[cfg(feature = "functions")]
mod functions;
mod identities;
mod local;
mod metrics;
#[cfg(feature = "local")]
mod options;
mod origins;
mod patience;
mod payload;
mod protocol;
mod readers;
mod relay;
mod replays;
mod replies_payload;
#[cfg(feature = "functions")]
mod requests;
mod resume;
#[cfg(feature = "local")]
mod run_ended;
#[cfg(feature = "s3")]
mod s3;
mod segments;
mod session_ids;
mod session_model;
mod signing;
mod simulation;
#[cfg(feature = "functions")]
mod stored;
mod support;
mod worker;
