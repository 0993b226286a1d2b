//! One run, from its claim to the end of its worker's part in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::Tools;
use super::audience::Audience;
use super::claim::Came;
use super::deadline::Deadline;
use super::log::Log;
use super::waiting::Waiting;
use crate::clock::{Timestamp, millis};
use crate::journal::Segment;
use crate::protocol::frame::{Frame, FrameMaker, Outcome};
use crate::queue::payload::QueuedPrompt;
use crate::recovery::Behind;
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
    /// The ending is durable: the session may be found free, or taken by the next run.
    Ended,
    /// The session is free, and the audience is final.
    Free,
}

/// A run that this worker has claimed.
pub(super) struct Run<'a> {
    pub(super) tools: &'a Tools,
    pub(super) prompt: &'a QueuedPrompt,
    pub(super) lease: LeaseId,
    lease_until: Mutex<Timestamp>,
    first: Arc<Frame>,
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
    /// The run of `prompt`, which `lease` has claimed; `session` is what the claim made of it, and `first` what its
    /// journal begins with.
    pub(super) fn new(
        tools: &'a Tools,
        prompt: &'a QueuedPrompt,
        lease: LeaseId,
        session: Session,
        first: Arc<Frame>,
    ) -> Self {
        // A claim that won has left an active run; without one there would be no lease.
        let nothing = (Timestamp(0), Timestamp(0));
        let (lease_until, claimed_at) =
            session.active.as_ref().map_or(nothing, |active| (active.lease_until, active.started_at));
        let attachment = session.connections.get(&prompt.connection);
        Self {
            tools,
            prompt,
            lease,
            lease_until: Mutex::new(lease_until),
            is_new_connection: attachment.is_some_and(|attachment| attachment.attached_at == claimed_at),
            maker: FrameMaker::new(&prompt.run.request, &prompt.run.session.session),
            log: Log::new(&tools.settings),
            first,
            began: Instant::now(),
            audience: watch::Sender::new(Audience { attachments: session.connections, live_from: 0 }),
            stop: watch::Sender::new(false),
            waiting: Waiting::default(),
            phase: watch::Sender::new(Phase::Running),
        }
    }

    /// Runs to the end, or until the run is no longer this worker's.
    pub(super) async fn finish(self, deadline: &Deadline) -> Result<Came, StoreError> {
        let ended = tokio::select! {
            biased;
            lost = self.supervise() => Err(lost),
            ended = self.work(deadline) => ended,
        };
        let (session, request) = (self.prompt.run.session.log_name(), &self.prompt.run.request);
        match ended {
            Ok((outcome, behind)) => {
                let ms = millis(self.began.elapsed());
                info!(session, %request, ?outcome, frames = self.log.last(), ms, "a run has ended");
                Ok(Came::ToAnEnd(behind))
            }
            Err(lost) => {
                warn!(session, %request, ?lost, "gave up a run that is no longer this worker's");
                self.give_back(lost).await
            }
        }
    }

    async fn work(&self, deadline: &Deadline) -> Result<(Outcome, Vec<Behind>), Lost> {
        // The agent is called only when this is durable, and by whoever made it so.
        self.append(&Segment::of(Arc::clone(&self.first))).await?;
        self.log.begin(Arc::clone(&self.first));
        let delivered = async { Ok(self.deliver(deadline).await) };
        let produced = async { Ok(tokio::join!(self.produce(deadline), self.note_connection())) };
        let (outcome, behind, _) = tokio::try_join!(self.record(), delivered, produced)?;
        Ok((outcome, behind))
    }

    async fn give_back(&self, lost: Lost) -> Result<Came, StoreError> {
        match lost {
            // Whoever has the session by then, or the next who takes the message, ends the run.
            Lost::Lease => Ok(Came::Undone(None)),
            // It has been ended; all that may be left is to free the session.
            Lost::Place => {
                let ended = self.tools.recovery().end_orphan(&self.prompt.run, &self.lease).await?;
                Ok(ended.map_or(Came::Undone(None), |ended| Came::ToAnEnd(ended.behind)))
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
        let mut current = self.phase.subscribe();
        // The run itself holds the other end.
        let _ = current.wait_for(|current| *current >= phase).await;
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
        *self.phase.borrow() == Phase::Running && self.lease_left().is_zero()
    }
}
