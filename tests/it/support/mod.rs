//! What the tests share.

pub mod agent;
pub mod clock;
pub mod engine;
pub mod outage;
pub mod push;
pub mod reply;
pub mod scripted;
pub mod socket;
