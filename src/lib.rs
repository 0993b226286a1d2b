//! x
pub mod agent;
mod backoff;
pub mod clock;
pub mod connections;
pub mod digest;
mod gateway_event;
pub mod journal;
#[cfg(feature = "local")]
pub mod local;
pub mod message;
pub mod protocol;
pub mod push;
pub mod queue;
pub mod random;
mod recovery;
pub mod session;
pub mod trace;
pub mod worker;
