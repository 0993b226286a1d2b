//! The relay: takes the messages of agents that go on by themselves, and makes of them what a worker makes of a reply.
//!
//! - `batch` sorts the records of an invocation by run, and says which have to come again;
//! - `take` looks what state a run is in, and whether a message may speak for it;
//! - `plan` cuts frames from messages, and `advance` puts them into the journal, each once, however often and in whatever
//!   batches the messages come;
//! - `deliver` pushes them to the devices of the session.
//!
//! What stands behind a `token`, an `index` and an `end` is told in `docs/long-runs.md`.

mod advance;
mod batch;
mod deliver;
mod plan;
mod take;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tokio::time::Instant;

use crate::agent::Agents;
use crate::choices::OnAbandoned;
use crate::choices::OnStop;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::push::Push;
use crate::queue::Visibility;
use crate::random::Random;
use crate::recovery::{Recovery, Stopping};
use crate::run_ended::RunEvents;
use crate::session::MAX_DETACHED_RUN;
use crate::session::store::{ReplyRuns, Sessions};

/// Times, sizes and choices of a relay.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a run may take whose agent goes on by itself.
    pub max_run: Duration,
    /// The largest reply, in bytes of its events.
    pub max_reply_bytes: usize,
    /// How long one device may take for what a batch brings. What it has not taken then comes with the next one.
    pub push_timeout: Duration,
    /// A device that takes nothing for so long is detached.
    pub device_timeout: Duration,
    /// What becomes of an agent whose run was ended.
    pub on_stop: OnStop,
    /// What becomes of a run that nobody watches.
    pub on_abandoned: OnAbandoned,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_run: MAX_DETACHED_RUN,
            max_reply_bytes: 32 * 1024 * 1024,
            push_timeout: Duration::from_secs(2),
            device_timeout: Duration::from_secs(30),
            on_stop: OnStop::StopSession,
            on_abandoned: OnAbandoned::Continue,
        }
    }
}

/// All that a relay works with; what it may do on AWS is this list. Of the agents, it stops sessions.
#[derive(Clone)]
pub struct Tools {
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where the names are kept by which agents know their runs.
    pub reply_runs: Arc<dyn ReplyRuns>,
    /// Where journals are kept.
    pub journal: Arc<dyn Journal>,
    /// The queue that the agents send to.
    pub visibility: Arc<dyn Visibility>,
    /// The way to the connections.
    pub push: Arc<dyn Push>,
    /// Who else is told that a run has ended.
    pub events: Arc<dyn RunEvents>,
    /// The way to the agents.
    pub agents: Arc<dyn Agents>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Who writes.
    pub random: Arc<Random>,
    /// Times, sizes and choices.
    pub settings: Settings,
}

/// Handles batches of agents' messages. Clones share everything, and may run at once.
#[derive(Clone)]
pub struct Relay(Arc<Tools>);

impl fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay that works with `tools`.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    /// Relays the messages of a batch, those of a run as a whole and all message groups at once, before `deadline`.
    /// Records that have to come again are named in the response.
    pub async fn handle(&self, event: SqsEvent, deadline: Option<Instant>) -> SqsBatchResponse {
        self.0.handle(event, deadline).await
    }
}

impl Tools {
    fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
            events: self.events.as_ref(),
            on_stop: self.settings.on_stop,
        }
    }

    fn stopping(&self) -> Stopping<'_> {
        let (sessions, agents) = (self.sessions.as_ref(), self.agents.as_ref());
        Stopping { sessions, agents, clock: self.clock.as_ref() }
    }
}
