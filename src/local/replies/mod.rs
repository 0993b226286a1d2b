//! The queue of agents that go on by themselves, for agents on one machine: what Amazon SQS takes on AWS.
//!
//! It speaks as much of SQS's AWS JSON 1.0 protocol as an agent needs (`SendMessage`, `SendMessageBatch`), so that the
//! agent's side is the AWS SDK in both places, told the address by `endpointUrl`. It checks what SQS checks, and answers as
//! SQS does.
//!
//! Signatures are not checked, and any credentials will do: a message's token says that its sender was given the run. It is
//! looked at before anything is queued. What SQS would take, and the relay then drop, is refused here at once: a run that is
//! not known or has ended, a wrong token (`AccessDeniedException`, which is final: a sender gives up), and what is no message
//! of an agent (`InvalidMessageContents`).

mod address;
mod admission;
mod door;
pub mod message;
mod refusal;
mod send;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tracing::debug;

use crate::clock::Clock;
use crate::connections::origins::AllowedOrigins;
use crate::queue::memory::{MemoryQueue, QueueLimits};
use crate::session::store::{ReplyRuns, Sessions};
use door::{Operation, operation};
use refusal::{Reason, Refusal};

pub use address::{is_meant, reply_queue};
pub use admission::admits;

const CONTENT_TYPE_JSON: &str = "application/x-amz-json-1.0";

/// How many bytes a request may have. A message has 1 MiB, of which JSON may write each byte in six (`\u0041`); the rest is
/// for names, addresses and attributes.
pub const MAX_REQUEST_BYTES: usize = 6 * message::MAX_BYTES + 256 * 1024;

/// So many requests are read at once; others wait. Nothing of a request is known before it is read.
const READERS: usize = 16;

/// How long a request may take to come, the wait for its turn included.
const PATIENCE: Duration = Duration::from_secs(30);

/// The limits of the queue. A message comes again every few seconds while its run is not yet detached, or one before it is
/// missing; how long that may last is for the run's lease to say, so it may come as often as SQS allows.
pub const LIMITS: QueueLimits =
    QueueLimits { visibility: Duration::from_secs(60), max_receive_count: 1000, max_waiting: 100 };

/// What the queue's door needs.
pub struct Tools {
    /// Which run an agent's messages belong to.
    pub runs: Arc<dyn ReplyRuns>,
    /// Which token a run has.
    pub sessions: Arc<dyn Sessions>,
    /// Where messages go that are taken.
    pub queue: Arc<MemoryQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whose hosts a request may name.
    pub origins: AllowedOrigins,
    /// The queue's URL, as agents are told it ([`reply_queue`]).
    pub queue_url: String,
}

/// Takes agents' messages.
pub struct Replies {
    tools: Tools,
    readers: Semaphore,
}

impl Replies {
    /// A door to `tools.queue`.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self { tools, readers: Semaphore::new(READERS) }
    }

    /// Answers a request for a path that [`is_meant`] for the queue.
    pub async fn answer(&self, request: Request) -> Response {
        match self.try_answer(request).await {
            Ok(body) => ([(CONTENT_TYPE, CONTENT_TYPE_JSON)], body.to_string()).into_response(),
            Err(refusal) => {
                debug!(code = refusal.code(), "refused a request of an agent");
                refusal.into_response()
            }
        }
    }

    async fn try_answer(&self, request: Request) -> Result<Value, Refusal> {
        let (head, body) = request.into_parts();
        let operation = operation(&head, &self.tools.origins)?;
        let (_held, body) = self.read(body).await?;
        match operation {
            Operation::SendMessage => self.send_message(&body).await,
            Operation::SendMessageBatch => self.send_message_batch(&body).await,
        }
    }

    /// The body, and a place to be held while it is in memory.
    async fn read(&self, body: Body) -> Result<(SemaphorePermit<'_>, Bytes), Refusal> {
        let read = async {
            let unavailable = |_| Refusal::new(Reason::Unavailable, "The gateway is shutting down.");
            let place = self.readers.acquire().await.map_err(unavailable)?;
            let too_large =
                |_| Refusal::new(Reason::TooLarge, format!("A request has {MAX_REQUEST_BYTES} bytes at most."));
            Ok((place, to_bytes(body, MAX_REQUEST_BYTES).await.map_err(too_large)?))
        };
        let too_slow =
            |_| Refusal::new(Reason::TooSlow, format!("A request must come within {} s.", PATIENCE.as_secs()));
        timeout(PATIENCE, read).await.map_err(too_slow)?
    }
}
