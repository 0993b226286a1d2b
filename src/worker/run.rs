//! One run, from its first durable frame to its ending.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::audience::{Audience, announce};
use super::coalesce::coalesce;
use super::log::Log;
use super::settings::OnStop;
use super::{Deadline, Tools, Verdict};
use crate::agent::Invocation;
use crate::backoff::retry;
use crate::clock::{Timestamp, millis};
use crate::protocol::frame::{Ending, Failure, FailureCode, Frame, FrameMaker, Outcome, Seq};
use crate::protocol::ids::ConnectionId;
use crate::queue::payload::QueuedPrompt;
use crate::session::runtime_id::runtime_session_id;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::Transition;
use crate::session::{LeaseId, Session};

/// So many batches of events may lie between the reading and the coalescing.
pub(super) const EVENT_BATCHES: usize = 16;

/// A session's microVM takes up to 15 s to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// So far the clocks of two workers may be apart.
const CLOCK_MARGIN: Duration = Duration::from_secs(2);

/// The run is no longer this worker's: nothing more may be written or pushed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost;

/// A run that this worker has begun.
pub(super) struct Run<'a> {
    pub(super) tools: &'a Tools,
    pub(super) prompt: &'a QueuedPrompt,
    pub(super) receipt: &'a str,
    pub(super) lease: LeaseId,
    lease_until: Mutex<Timestamp>,
    pub(super) maker: FrameMaker,
    pub(super) log: Log,
    pub(super) began: Instant,
    pub(super) audience: watch::Sender<Audience>,
    pub(super) stop: watch::Sender<bool>,
    /// The ending is durable: the session may be found free, or taken by the next run.
    pub(super) is_finishing: watch::Sender<bool>,
    /// The session is free, and the audience is final.
    pub(super) has_finished: watch::Sender<bool>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        tools: &'a Tools,
        prompt: &'a QueuedPrompt,
        receipt: &'a str,
        lease: LeaseId,
        lease_until: Timestamp,
        session: Session,
        first: Arc<Frame>,
    ) -> Self {
        Self {
            tools,
            prompt,
            receipt,
            lease,
            lease_until: Mutex::new(lease_until),
            maker: FrameMaker::new(&prompt.run.request, &prompt.run.session.session),
            log: Log::new(first, &tools.settings),
            began: Instant::now(),
            audience: watch::Sender::new(Audience { attachments: session.connections, live_from: 0 }),
            stop: watch::Sender::new(false),
            is_finishing: watch::Sender::new(false),
            has_finished: watch::Sender::new(false),
        }
    }

    /// Runs to the end.
    pub(super) async fn finish(self, deadline: Deadline) -> Result<Verdict, StoreError> {
        let work = async {
            let recorded = async {
                let (outcome, last) = match self.log.outcome() {
                    Some(outcome) => (outcome, self.log.last()),
                    None => self.record().await?,
                };
                self.free_session(outcome, last).await.map_err(|_| Lost)?;
                Ok(outcome)
            };
            let produced = async {
                if self.log.outcome().is_none() {
                    self.produce(deadline).await;
                }
                Ok(())
            };
            let delivered = async { Ok(self.deliver().await) };
            tokio::try_join!(recorded, produced, delivered)
        };
        // Supervision looks first: the answer to the first append may have come after the lease had run out.
        let result: Result<(Outcome, Vec<_>), Lost> = tokio::select! {
            biased;
            lost = self.supervise() => Err(lost),
            result = work => result.map(|(outcome, (), behind)| (outcome, behind)),
        };
        let request = &self.prompt.run.request;
        match result {
            Ok((outcome, behind)) => {
                for (connection, taken) in behind {
                    self.catch_up(connection, taken);
                }
                let ms = millis(self.began.elapsed());
                info!(session = self.session_name(), %request, ?outcome, frames = self.log.last(), ms, "a run has ended");
                Ok(Verdict::Done)
            }
            Err(Lost) => {
                warn!(session = self.session_name(), %request, "gave up a run that is no longer this worker's");
                let tail = self.tools.journal.tail(&self.prompt.run, self.tools.clock.now()).await?;
                // With an ending, all that may be left is to free the session, and whoever needs it does.
                Ok(if tail.is_some_and(|tail| tail.outcome.is_some()) { Verdict::Done } else { Verdict::Later })
            }
        }
    }

    /// Calls the agent and writes its reply and the ending into the log.
    async fn produce(&self, deadline: Deadline) {
        let (events, batches) = mpsc::channel(EVENT_BATCHES);
        let invocation = self.invocation();
        let calling = async {
            tokio::select! {
                biased;
                ending = self.ended_early(deadline) => (ending, true),
                ending = self.tools.call(&invocation, events) => {
                    let agent_goes_on = matches!(&ending, Ending::Failed(failure) if goes_on_after(failure.code));
                    (ending, agent_goes_on)
                }
            }
        };
        let coalescing = coalesce(batches, &self.log, self.maker.clone(), &self.tools.settings);
        let ((ending, agent_goes_on), ()) = tokio::join!(calling, coalescing);
        self.log.append(vec![self.maker.ending(self.log.last() + 1, &ending)]);
        if agent_goes_on && self.tools.settings.on_stop == OnStop::StopSession {
            let stop = self.tools.agents.stop_session(&invocation.agent, &invocation.runtime_session);
            match timeout(STOP_TIMEOUT, stop).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(session = self.session_name(), %error, "the agent's session was not stopped"),
                Err(_) => warn!(session = self.session_name(), "the agent's session is still being stopped"),
            }
        }
    }

    fn invocation(&self) -> Invocation {
        let runtime_session = runtime_session_id(&self.prompt.run.session);
        Invocation {
            agent: self.prompt.agent.clone(),
            body: self.prompt.body.invocation(&runtime_session, &self.prompt.run.request),
            runtime_session,
            trace: self.prompt.trace.clone(),
        }
    }

    /// The ending of a run that does not wait for the agent's.
    async fn ended_early(&self, mut deadline: Deadline) -> Ending {
        let mut stop = self.stop.subscribe();
        loop {
            let at = *deadline.borrow_and_update();
            let over = async {
                match at {
                    Some(at) => {
                        let margin = self.tools.settings.deadline_margin;
                        sleep_until(at.checked_sub(margin).unwrap_or_else(Instant::now)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            let changed = async {
                if deadline.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ending::Stopped,
                () = over => {
                    let message = "The time that a run may take is over.";
                    return Ending::Failed(Failure::retryable(FailureCode::DeadlineExceeded, message));
                }
                () = changed => {}
            }
        }
    }

    /// Records the ending in the session, which frees it, and learns who is attached in the end.
    async fn free_session(&self, outcome: Outcome, last_seq: Seq) -> Result<(), StoreError> {
        self.is_finishing.send_replace(true);
        let request = self.prompt.run.request.clone();
        let finish = Transition::Finish { request, lease: self.lease.clone(), outcome, last_seq };
        let give_up = Instant::now() + self.lease_until().since(self.tools.clock.now());
        let apply = || self.tools.sessions.apply(&self.prompt.run.session, &finish, self.tools.clock.now());
        let (Ok(session) | Err(Refused { session, .. })) = retry(give_up, |_| true, apply).await?;
        // Refused: the answer to an earlier attempt was lost, or somebody took this worker for dead.
        let live_from = self.audience.borrow().live_from;
        announce(&self.audience, Audience { attachments: session.connections, live_from });
        self.has_finished.send_replace(true);
        Ok(())
    }

    /// Sends a slow device the rest from the journal, beside the session's next run. Should this process end first, the
    /// client resumes.
    fn catch_up(&self, connection: ConnectionId, taken: Seq) {
        let (tools, run) = (self.tools.clone(), self.prompt.run.clone());
        tokio::spawn(async move {
            let caught_up = tools.recovery().replay(&run, &connection, taken).await;
            if matches!(caught_up, Ok(Err(_))) {
                info!(session = run.session.log_name(), request = %run.request, "detached a connection that takes nothing");
                let detach = Transition::Detach { connection };
                let _ = tools.sessions.apply(&run.session, &detach, tools.clock.now()).await;
            }
        });
    }

    pub(super) fn lease_until(&self) -> Timestamp {
        *self.lease_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn extend_lease(&self, until: Timestamp) {
        *self.lease_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// For how long this worker may count on its lease; less than others grant it, for clocks differ.
    pub(super) fn lease_left(&self) -> Duration {
        self.lease_until().since(self.tools.clock.now()).saturating_sub(CLOCK_MARGIN)
    }

    /// Whether the lease ran out before the ending was durable: somebody else may have taken this worker for dead.
    pub(super) fn is_overdue(&self) -> bool {
        !*self.is_finishing.borrow() && self.lease_left().is_zero()
    }

    pub(super) fn session_name(&self) -> String {
        self.prompt.run.session.log_name()
    }
}

/// Whether the agent may still be at work after a failure of this kind.
fn goes_on_after(code: FailureCode) -> bool {
    matches!(code, FailureCode::AgentTimeout | FailureCode::OutputTooLarge)
}
