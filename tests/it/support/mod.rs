//! What the tests share.

pub mod agent;
#[cfg(feature = "functions")]
pub mod aws;
pub mod clock;
pub mod counting;
#[cfg(feature = "functions")]
pub mod dynamodb;
pub mod engine;
#[cfg(feature = "authorizer")]
pub mod lambda;
#[cfg(feature = "jwt")]
pub mod log;
pub mod losing;
pub mod outage;
pub mod push;
pub mod reply;
pub mod scripted;
pub mod socket;
#[cfg(feature = "jwt")]
pub mod tokens;
