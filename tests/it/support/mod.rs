//! What the tests share.

pub mod agent;
pub mod scripted;
pub mod clock;
pub mod engine;
pub mod push;
