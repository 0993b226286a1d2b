//! The worker: takes prompts from the queue, calls the agent for as long as it takes, and pushes the reply.
//!
//! A run is three stages with bounded buffers between them, and two that watch over it:
//!
//! - `produce` calls the agent (`call`), reads its reply event by event, and packs the events into numbered frames
//!   (`coalesce`), which it puts into the run's `log`;
//! - `deliver` pushes the log to each connection at its own pace;
//! - `record` makes the log durable, segment by segment, off the push path;
//! - `supervise` renews the lease, and sees new connections and stops.
//!
//! `take` is what surrounds a run: the message's visibility, the worker's deadline, and devices that are slow.

mod audience;
mod call;
mod claim;
mod coalesce;
mod deadline;
mod deliver;
mod devices;
mod log;
mod produce;
mod record;
mod run;
pub mod settings;
mod supervise;
mod take;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use tracing::{error, warn};

use crate::agent::Agents;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::push::Push;
use crate::queue::Visibility;
use crate::queue::payload::QueuedPrompt;
use crate::random::Random;
use crate::session::store::{Connections, Sessions};
use settings::Settings;

pub use deadline::Deadline;

/// All that a worker works with; what it may do on AWS is this list.
#[derive(Clone)]
pub struct Tools {
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where connections are kept.
    pub connections: Arc<dyn Connections>,
    /// Where journals are kept.
    pub journal: Arc<dyn Journal>,
    /// The queue that the prompts come from.
    pub visibility: Arc<dyn Visibility>,
    /// The way to the connections.
    pub push: Arc<dyn Push>,
    /// The way to the agents.
    pub agents: Arc<dyn Agents>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Leases and jitter.
    pub random: Arc<Random>,
    /// Times, sizes and choices.
    pub settings: Settings,
}

/// Handles batches of queued prompts. Clones share everything, and may run at once.
#[derive(Clone)]
pub struct Worker(Arc<Tools>);

impl fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// What becomes of a queue message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is dealt with; the queue may forget it.
    Done,
    /// It has to come again.
    Later,
}

/// How often a message was given out, this time included.
fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    count.unwrap_or_default()
}

impl Worker {
    /// A worker that works with `tools`.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    /// Runs the prompts of a batch, one after the other within a message group and all groups at once. Records that
    /// have to come again are named in the response; of a group, all behind the first of them, to keep the order.
    pub async fn handle(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let mut groups: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
        for record in event.records {
            let group = record.attributes.get("MessageGroupId").cloned().unwrap_or_default();
            groups.entry(group).or_default().push(record);
        }
        let failures = join_all(groups.into_values().map(|records| self.handle_group(records, deadline.clone()))).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures.into_iter().flatten().collect();
        response
    }

    async fn handle_group(&self, records: Vec<SqsMessage>, deadline: Deadline) -> Vec<BatchItemFailure> {
        let mut failures = Vec::new();
        for record in records {
            let wait = !failures.is_empty() || self.handle_record(&record, deadline.clone()).await == Verdict::Later;
            if wait {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = record.message_id.unwrap_or_default();
                failures.push(failure);
            }
        }
        failures
    }

    async fn handle_record(&self, record: &SqsMessage, deadline: Deadline) -> Verdict {
        let message = record.message_id.as_deref().unwrap_or_default();
        let prompt = match QueuedPrompt::decode(record.body.as_deref().unwrap_or_default()) {
            Ok(prompt) => prompt,
            // It would come back for ever: no later attempt can read it either.
            Err(error) => {
                error!(message, %error, "dropped a queue message that is no prompt");
                return Verdict::Done;
            }
        };
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        let (session, request) = (prompt.run.session.log_name(), &prompt.run.request);
        let receives_left = self.0.settings.max_receive_count.saturating_sub(receive_count(record));
        self.0.take(&prompt, receipt, receives_left, deadline).await.unwrap_or_else(|error| {
            warn!(message, session, %request, %error, "the prompt has to come again");
            Verdict::Later
        })
    }
}
