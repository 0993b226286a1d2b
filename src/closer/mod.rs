//! The closer: gives an ending to the requests of prompts that the queue gave up, because no worker could take them.
//!
//! A prompt can be given out as often as it may without a worker of ours ever running: pollers that are throttled and
//! functions that do not start count too. So whoever ends such a prompt must not need what a worker needs: the closer
//! calls no agent, and is a function of its own.

mod close;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use crate::choices::OnStop;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::protocol::frame::Ending;
use crate::push::Push;
use crate::queue::Visibility;
use crate::queue::batch::{self, Received, Verdict, failed};
use crate::queue::patience::LONGEST_RUN;
use crate::random::Random;
use crate::run_ended::RunEvents;
use crate::session::store::{Sessions, StoreError};
use crate::session::{MAX_DETACHED_RUN, RunKey};

/// So long before its deadline an invocation answers: what it has not ended until then comes again.
const MARGIN: Duration = Duration::from_secs(2);

/// Times of a closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a run can last: so long a prompt may have to wait for its run, which may be alive.
    pub longest_run: Duration,
    /// How often the queue gives out a message before it goes to the dead letters.
    pub max_receive_count: u32,
    /// How long a run may take whose agent goes on by itself.
    pub max_run: Duration,
    /// What becomes of the agent of a run that is ended here.
    pub on_stop: OnStop,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            longest_run: LONGEST_RUN,
            max_receive_count: 10,
            max_run: MAX_DETACHED_RUN,
            on_stop: OnStop::StopSession,
        }
    }
}

/// All that a closer works with; what it may do on AWS is this list.
#[derive(Clone)]
pub struct Tools {
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where journals are kept.
    pub journal: Arc<dyn Journal>,
    /// The queue of prompts that were given up.
    pub visibility: Arc<dyn Visibility>,
    /// The queue of runs to look after.
    pub watch_visibility: Arc<dyn Visibility>,
    /// The way to the connections.
    pub push: Arc<dyn Push>,
    /// Who else is told that a run has ended.
    pub events: Arc<dyn RunEvents>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Leases.
    pub random: Arc<Random>,
    /// Times.
    pub settings: Settings,
}

/// Handles batches of prompts that were given up. Clones share everything, and may work at once.
#[derive(Clone)]
pub struct Closer(Arc<Tools>);

impl fmt::Debug for Closer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Closer").finish_non_exhaustive()
    }
}

impl Closer {
    /// A closer that works with `tools`.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    /// Ends the prompts of a batch, one after the other within a message group and all groups at once, before
    /// `deadline`. Records that have to come again are named in the response: in the end they are dead letters.
    pub async fn handle(&self, event: SqsEvent, deadline: Option<Instant>) -> SqsBatchResponse {
        let answer_by = deadline.and_then(|deadline| deadline.checked_sub(MARGIN));
        let close = |received: Box<Received>| async move {
            let closing = self.0.close(&received);
            let Some(answer_by) = answer_by else { return closing.await };
            timeout_at(answer_by, closing).await.unwrap_or_else(|_| Err(out_of_time()))
        };
        batch::handle(event, self.0.visibility.as_ref(), close).await
    }
}

impl Closer {
    /// Looks after the runs of a batch of the watch queue, before `deadline`. Those that have not ended come again.
    pub async fn watch(&self, event: SqsEvent, deadline: Option<Instant>) -> SqsBatchResponse {
        let answer_by = deadline.and_then(|deadline| deadline.checked_sub(MARGIN));
        let looks = event.records.into_iter().map(|record| async move {
            let looking = self.0.look_after(&record);
            let verdict = match answer_by {
                Some(answer_by) => timeout_at(answer_by, looking).await.unwrap_or(Verdict::Later),
                None => looking.await,
            };
            (verdict == Verdict::Later).then(|| failed(&record))
        });
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = join_all(looks).await.into_iter().flatten().collect();
        response
    }
}

impl Closer {
    /// Whether the agent of `run` goes on by itself, as far as can be seen.
    pub async fn goes_on(&self, run: &RunKey) -> bool {
        self.0.goes_on(run).await
    }

    /// Ends `run` with `ending` if its agent goes on by itself, and tells that. Whether it did.
    pub async fn end(&self, run: &RunKey, ending: &Ending) -> bool {
        self.0.end(run, ending).await
    }
}

fn out_of_time() -> StoreError {
    StoreError::Unavailable("the time of the invocation is over".to_owned())
}
