//! The worker: takes prompts from the queue, calls the agent for as long as it takes, and pushes the reply.
//!
//! A run is three stages with bounded buffers between them, and two that watch over it:
//!
//! - `produce` calls the agent (`call`), reads its reply event by event (`read`), and packs the events into numbered frames
//!   (`coalesce`), which it puts into the run's `log`;
//! - `deliver` pushes the log to each connection at its own pace;
//! - `record` makes the log durable, segment by segment, off the push path;
//! - `supervise` renews the lease, and sees new connections and stops.
//!
//! `hand_over` leaves a run to an agent that goes on by itself.
//!
//! `take` is what surrounds a run: the message's visibility, the worker's deadline, and devices that are slow.

mod asked;
mod audience;
mod before;
mod call;
mod claim;
mod coalesce;
mod deadline;
mod deliver;
mod devices;
mod hand_over;
mod log;
pub mod pace;
mod produce;
mod read;
mod record;
mod run;
pub mod settings;
mod supervise;
mod take;
mod waiting;

use std::fmt;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};

use crate::agent::Agents;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::push::Push;
use crate::queue::batch::{self, Received};
use crate::queue::{Visibility, Watches};
use crate::random::Random;
use crate::run_ended::RunEvents;
use crate::session::store::{Connections, ReplyRuns, Sessions};
use crate::uploads::{UploadRoom, Uploads};
use settings::Settings;

pub use deadline::Deadline;

/// All that a worker works with; what it may do on AWS is this list.
#[derive(Clone)]
pub struct Tools {
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where connections are kept.
    pub connections: Arc<dyn Connections>,
    /// Where the names are kept by which agents know their runs.
    pub reply_runs: Arc<dyn ReplyRuns>,
    /// Where journals are kept.
    pub journal: Arc<dyn Journal>,
    /// The queue that the prompts come from.
    pub visibility: Arc<dyn Visibility>,
    /// Who looks after runs whose agents go on by themselves.
    pub watches: Arc<dyn Watches>,
    /// The way to the connections.
    pub push: Arc<dyn Push>,
    /// Who else is told that a run has ended.
    pub events: Arc<dyn RunEvents>,
    /// The way to the agents.
    pub agents: Arc<dyn Agents>,
    /// Where prompts are uploaded; `None`: nowhere.
    pub uploads: Option<UploadRoom<dyn Uploads>>,
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

impl Worker {
    /// A worker that works with `tools`.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    /// Runs the prompts of a batch, one after the other within a message group and all groups at once. Records that
    /// have to come again are named in the response.
    pub async fn handle(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let take = |received: Box<Received>| {
            let deadline = deadline.clone();
            async move { self.0.take(&received, deadline).await }
        };
        batch::handle(event, self.0.visibility.as_ref(), take).await
    }
}
