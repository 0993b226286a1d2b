//! Pushing a message to a connection.

#[cfg(feature = "management")]
pub mod management;

use async_trait::async_trait;

use crate::protocol::ids::ConnectionId;

/// Why a message was not pushed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The connection does not exist, or no longer.
    #[error("the connection is gone")]
    Gone,
    /// Too many messages, or the client reads too slowly.
    #[error("the connection is throttled")]
    Throttled,
    /// The message does not fit.
    #[error("the message is too large")]
    TooLarge,
    /// Anything that may pass; whether the message was pushed is unknown.
    #[error("the push failed: {0}")]
    Unavailable(String),
}

/// Pushes messages to connections. An implementation bounds the time of each attempt; the caller pushes one message
/// at a time per connection, for nothing else keeps their order.
#[async_trait]
pub trait Push: Send + Sync {
    /// Pushes `text` to `connection`.
    ///
    /// # Errors
    /// [`PushError`]
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError>;
}
