//! One run, from its claim to the end of its worker's part in it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::Tools;
use super::audience::Audience;
use super::claim::Came;
use super::deadline::Deadline;
use super::log::Log;
use super::record::Recorded;
use super::waiting::Waiting;
use crate::backoff::persist;
use crate::clock::{Timestamp, millis};
use crate::journal::Segment;
use crate::metrics;
use crate::protocol::frame::{Ending, Frame, FrameMaker, Outcome};
use crate::protocol::invocation::PromptBody;
use crate::protocol::reply::GatewayReply;
use crate::queue::payload::QueuedPrompt;
use crate::recovery::Owed;
use crate::session::store::StoreError;
use crate::session::{LeaseId, Session, SessionKey};

/// So far the clocks of two workers may be apart.
const CLOCK_MARGIN: Duration = Duration::from_secs(2);

/// How long is tried to note that a connection has one more session.
const NOTING: Duration = Duration::from_secs(5);

/// The run is no longer this worker's: nothing more may be written or pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The lease has run out, or is somebody else's.
    Lease,
    /// Somebody else has written where this worker would write next.
    Place,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It is this worker's as long as the lease is.
    Running,
    /// The same, and its agent goes on by itself: the relay will have it.
    HandedOver,
    /// The ending is durable, and nothing more is asked of the agent: the session may be found free, or taken by the next run.
    Ended,
    /// The session is free, and the audience is final.
    Free,
}

/// What has become of a run.
pub(super) enum Worked {
    /// It has its ending.
    Ended(Outcome, Owed),
    /// Its agent goes on by itself.
    Detached,
}

/// A run that this worker has claimed.
pub(super) struct Run<'a> {
    pub(super) tools: &'a Tools,
    pub(super) prompt: &'a QueuedPrompt,
    pub(super) lease: LeaseId,
    lease_until: Mutex<Timestamp>,
    pub(super) claimed_at: Timestamp,
    first: Arc<Frame>,
    /// How it ends, once that is known.
    pub(super) ending: OnceLock<Ending>,
    /// Where its agent can send to if it goes on by itself.
    pub(super) reply: Option<GatewayReply>,
    is_new_connection: bool,
    pub(super) maker: FrameMaker,
    pub(super) log: Log,
    pub(super) began: Instant,
    pub(super) audience: watch::Sender<Audience>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) waiting: Waiting,
    pub(super) phase: watch::Sender<Phase>,
}

impl<'a> Run<'a> {
    /// The run of `prompt`, which `lease` has claimed; `session` is what the claim made of it, and `ending` how it ends if
    /// it is over before it begins. Its agent may go on by itself if it is given a `reply`.
    pub(super) fn new(
        tools: &'a Tools,
        prompt: &'a QueuedPrompt,
        lease: LeaseId,
        session: Session,
        ending: Option<Ending>,
        reply: Option<GatewayReply>,
    ) -> Self {
        // A claim that won has left an active run; without one there would be no lease.
        let nothing = (Timestamp(0), Timestamp(0));
        let (lease_until, claimed_at) =
            session.active.as_ref().map_or(nothing, |active| (active.lease_until, active.started_at));
        let attachment = session.connections.get(&prompt.connection);
        let maker = FrameMaker::new(&prompt.run.request, &prompt.run.session.session);
        let first = Arc::new(ending.as_ref().map_or_else(|| maker.started(), |ending| maker.ending(1, ending)));
        Self {
            tools,
            prompt,
            lease,
            lease_until: Mutex::new(lease_until),
            is_new_connection: attachment.is_some_and(|attachment| attachment.attached_at == claimed_at),
            maker,
            log: Log::new(&tools.settings),
            claimed_at,
            first,
            ending: ending.map(OnceLock::from).unwrap_or_default(),
            reply,
            began: Instant::now(),
            audience: watch::Sender::new(Audience { attachments: session.connections, live_from: 0 }),
            stop: watch::Sender::new(false),
            waiting: Waiting::default(),
            phase: watch::Sender::new(Phase::Running),
        }
    }

    /// Runs to the end, or until the run is no longer this worker's. The agent is given `body`, unless the run is over before
    /// it begins.
    pub(super) async fn finish(&self, body: Option<PromptBody>, deadline: &Deadline) -> Result<Came, StoreError> {
        let ended = tokio::select! {
            biased;
            lost = self.supervise() => Err(lost),
            ended = self.work(body, deadline) => ended,
        };
        let (session, request) = (self.prompt.run.session.log_name(), &self.prompt.run.request);
        match ended {
            Ok(Worked::Ended(outcome, owed)) => {
                let ms = millis(self.began.elapsed());
                info!(session, %request, ?outcome, frames = self.log.last(), ms, "a run has ended");
                Ok(Came::ToAnEnd(owed))
            }
            Ok(Worked::Detached) => {
                metrics::RUNS_DETACHED.count(&[self.prompt.agent.as_str()]);
                info!(session, %request, frames = self.log.last(), "a run goes on without its worker");
                Ok(Came::ToAnEnd(Owed::default()))
            }
            Err(lost) => {
                metrics::LEASES_LOST.count(&[]);
                warn!(session, %request, ?lost, "gave up a run that is no longer this worker's");
                Box::pin(self.give_back(lost)).await
            }
        }
    }

    async fn work(&self, body: Option<PromptBody>, deadline: &Deadline) -> Result<Worked, Lost> {
        // The agent is called only when this is durable, and by whoever made it so.
        let first = Segment::of(Arc::clone(&self.first));
        tokio::try_join!(self.append(&first), self.name_run())?;
        self.log.begin(Arc::clone(&self.first));
        let delivered = self.deliver(deadline).map(Ok);
        let noted = self.note_connection().map(Ok);
        match tokio::try_join!(self.bring_to_end(body, deadline), delivered, noted)? {
            (Recorded::Ended(outcome), mut delivered, _) => {
                delivered.places.retain(|device| device.taken < self.log.last());
                Ok(Worked::Ended(outcome, delivered.places.into()))
            }
            (Recorded::HandedOver { bytes }, delivered, _) => {
                Box::pin(self.hand_over(bytes, delivered, deadline)).await
            }
        }
    }

    /// Has the reply, makes it durable, and frees the session if the run has its ending: not before its agent has been
    /// stopped where that is to be, for who took the session before would have its own run stopped.
    async fn bring_to_end(&self, body: Option<PromptBody>, deadline: &Deadline) -> Result<Recorded, Lost> {
        let produced = self.produce(body, deadline).map(Ok);
        let (recorded, ()) = tokio::try_join!(self.record(), produced)?;
        if let Recorded::Ended(outcome) = recorded {
            self.free(outcome).await?;
        }
        Ok(recorded)
    }

    /// Whether it was not over before its agent was called: its first frame is no ending then.
    pub(super) fn has_begun(&self) -> bool {
        self.first.outcome.is_none()
    }

    /// Its agent's messages name the run as the agent knows it. The first may come before the agent has answered.
    async fn name_run(&self) -> Result<(), Lost> {
        if let Some(GatewayReply { run, .. }) = &self.reply {
            let name = || self.tools.reply_runs.name_run(run, &self.prompt.run, self.tools.clock.now());
            persist("a run could not be named", name).await;
        }
        Ok(())
    }

    /// Ends the log with the ending of the run.
    pub(super) fn end(&self, ending: &Ending) {
        let _ = self.ending.set(ending.clone());
        self.log.append(vec![self.maker.ending(self.log.last() + 1, ending)]);
    }

    async fn give_back(&self, lost: Lost) -> Result<Came, StoreError> {
        match lost {
            // Whoever has the session by then, or the next who takes the message, ends the run.
            Lost::Lease => Ok(Came::Undone(None)),
            // It has been ended; all that may be left is to free the session.
            Lost::Place => {
                let ended = self.tools.recovery().end_orphan(&self.prompt.run, &self.lease).await?;
                Ok(ended.map_or(Came::Undone(None), |ended| Came::ToAnEnd(ended.owed)))
            }
        }
    }

    /// The record lets `$disconnect` detach the connection; without it the first push after it does.
    async fn note_connection(&self) {
        if self.is_new_connection {
            let SessionKey { principal, session } = &self.prompt.run.session;
            let now = self.tools.clock.now();
            let record = self.tools.connections.record(&self.prompt.connection, principal, Some(session), None, now);
            let _ = timeout(NOTING, record).await;
        }
    }

    /// Waits until the run is so far.
    pub(super) async fn reached(&self, phase: Phase) {
        self.comes_to(|current| current >= phase).await;
    }

    /// Waits until the log is whole, as far as this worker goes, and the audience is final.
    pub(super) async fn is_left(&self) {
        self.comes_to(|current| matches!(current, Phase::HandedOver | Phase::Free)).await;
    }

    async fn comes_to(&self, is_there: impl Fn(Phase) -> bool) {
        let mut current = self.phase.subscribe();
        // The run itself holds the other end.
        let _ = current.wait_for(|current| is_there(*current)).await;
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

    /// When so much of the lease is used up that it has to be renewed.
    pub(super) fn until_renewal(&self) -> Duration {
        let settings = &self.tools.settings;
        let enough = settings.lease.saturating_sub(CLOCK_MARGIN + settings.renew_interval);
        self.lease_left().saturating_sub(enough)
    }

    /// Whether the lease ran out before the ending was durable: somebody else may have taken this worker for dead.
    pub(super) fn is_overdue(&self) -> bool {
        *self.phase.borrow() < Phase::Ended && self.lease_left().is_zero()
    }
}
