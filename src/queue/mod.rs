//! The queue of prompts: what stands between the clients' bursts and the agents' pace.

pub(crate) mod batch;
pub mod memory;
pub mod patience;
pub mod payload;
pub mod reply;
#[cfg(feature = "sqs")]
pub mod sqs;
pub mod tag;
pub mod watch;

use std::time::Duration;

use async_trait::async_trait;

use payload::QueuedPrompt;
use watch::Watch;

/// The queue did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// As many prompts wait as the queue or the session may have.
    #[error("too many prompts wait")]
    Full,
    /// It asks to be left alone for a while.
    #[error("the queue is throttled")]
    Throttled,
    /// It cannot be reached, or failed; whether the prompt is in it is unknown.
    #[error("the queue is unavailable: {0}")]
    Unavailable(String),
}

/// Takes prompts: all that the `$default` function may do.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// Puts `prompt` behind all others of its session; nothing happens if the same request came within five minutes.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError>;
}

/// Takes what is to be looked after from time to time: all that a worker may put into a queue.
#[async_trait]
pub trait Watches: Send + Sync {
    /// Lets `watch` come to the closer after a while, and again until its run has ended.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn send(&self, watch: &Watch) -> Result<(), QueueError>;
}

/// A message that is being worked on.
#[async_trait]
pub trait Visibility: Send + Sync {
    /// Hides the message that `receipt` stands for until `period` from now.
    ///
    /// # Errors
    /// [`QueueError`]; the receipt is then of no use any more, or the queue is out of reach.
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError>;

    /// Deletes the message that `receipt` stands for, so that its group's next one may be given out.
    ///
    /// # Errors
    /// [`QueueError`]; the message then comes again.
    async fn delete(&self, receipt: &str) -> Result<(), QueueError>;
}
