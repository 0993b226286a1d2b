//! The replay of a resume: one for each connection.
//!
//! A newer resume of the same connection supersedes the older one, whatever the two ask for. So a client that sends
//! resume after resume costs, for each, what happens until the next is noticed, and not a replay of a whole reply.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::ConnectionsHandler;
use super::resume::{Failed, Resuming};
use crate::backoff::retry;
use crate::metrics;
use crate::protocol::answer::{Answer, RequestState};
use crate::protocol::ids::RequestId;
use crate::push::PushError;
use crate::replay::{Replay, ReplayError, push_patiently};
use crate::session::store::{Refused, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{Cursor, RunKey};

/// How often a replay looks whether it is still the connection's, besides after each page.
const LOOK: Duration = Duration::from_secs(1);

/// How long a replay of a run that goes on may take: then the run's worker sends the rest. Shorter than
/// [`HOLD`](crate::session::HOLD), and than what API Gateway waits for (29 s).
const LONGEST_HOLD: Duration = Duration::from_secs(25);

/// How long is tried to let go of a cursor.
const RELEASING: Duration = Duration::from_secs(20);

/// Why a replay did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CutShort {
    #[error(transparent)]
    Push(#[from] PushError),
    #[error("the connection has resumed again, or closed")]
    Superseded,
    #[error("it takes long, and the run goes on: its worker sends the rest")]
    HandedOver,
}

/// What became of a cursor that a replay let go of.
enum Released {
    /// Somebody else sends what comes now.
    ToOthers,
    /// Nobody does: the run has ended.
    Over,
    /// It is still held: the run has frames that the replay has not sent.
    Behind,
}

impl From<CutShort> for Failed {
    fn from(why: CutShort) -> Self {
        Self::CutShort(why)
    }
}

impl From<ReplayError> for Failed {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Push(error) => Self::CutShort(error.into()),
            ReplayError::Store(error) => Self::Store(error),
        }
    }
}

impl Resuming<'_> {
    /// The cursor of the connection while the replay of `run` is under way.
    pub(super) fn hold(&self, run: &RunKey) -> Cursor {
        Cursor::Held { request: run.request.clone(), replay: self.replay.clone(), after: self.after }
    }
}

impl ConnectionsHandler {
    /// Pushes `resumed` and what the journal of `run` has; of a run that goes on, its worker sends what comes then.
    pub(super) async fn replay(
        &self,
        resuming: &Resuming<'_>,
        run: &RunKey,
        state: RequestState,
    ) -> Result<(), Failed> {
        let replay = self.recovery().replay(run, resuming.connection, resuming.after);
        if state != RequestState::Running {
            return self.unless_superseded(resuming, self.send(resuming, run, state, &replay)).await;
        }
        let hold_until = Instant::now() + LONGEST_HOLD;
        let mut sent = self.while_held(resuming, hold_until, self.send(resuming, run, state, &replay)).await;
        loop {
            match (self.release(resuming, run, &replay, sent.is_ok()).await?, sent) {
                // Its agent said more meanwhile, and no worker is there to send that.
                (Released::Behind, Ok(())) => {
                    sent = self.while_held(resuming, hold_until, self.send_pages(resuming, &replay)).await;
                }
                // The run ended during the replay: its worker has left the rest to it.
                (Released::Over, Ok(()) | Err(Failed::CutShort(CutShort::HandedOver))) => {
                    return self.unless_superseded(resuming, self.send_pages(resuming, &replay)).await;
                }
                (_, sent) => return sent,
            }
        }
    }

    /// Sends of a run that goes on, for as long as its cursor may be held.
    async fn while_held(
        &self,
        resuming: &Resuming<'_>,
        hold_until: Instant,
        sending: impl Future<Output = Result<(), Failed>>,
    ) -> Result<(), Failed> {
        let sending = async {
            tokio::select! {
                biased;
                () = sleep_until(hold_until) => Err(CutShort::HandedOver.into()),
                sent = sending => sent,
            }
        };
        self.unless_superseded(resuming, sending).await
    }

    async fn send(
        &self,
        resuming: &Resuming<'_>,
        run: &RunKey,
        state: RequestState,
        replay: &Replay<'_>,
    ) -> Result<(), Failed> {
        self.push_resumed(resuming, Some(run.request.clone()), state).await?;
        if state == RequestState::Queued {
            return Ok(());
        }
        self.send_pages(resuming, replay).await
    }

    async fn send_pages(&self, resuming: &Resuming<'_>, replay: &Replay<'_>) -> Result<(), Failed> {
        while replay.page().await? {
            if self.is_superseded(resuming).await {
                return Err(CutShort::Superseded.into());
            }
        }
        Ok(())
    }

    pub(super) async fn push_resumed(
        &self,
        resuming: &Resuming<'_>,
        request_id: Option<RequestId>,
        state: RequestState,
    ) -> Result<(), Failed> {
        let session_id = resuming.key.session.clone();
        let answer = Answer::Resumed { request_id, session_id, after: resuming.after, state };
        push_patiently(self.push.as_ref(), resuming.connection, &answer.to_text()).await.map_err(CutShort::from)?;
        metrics::RESUMES.count(&[]);
        Ok(())
    }

    async fn unless_superseded(
        &self,
        resuming: &Resuming<'_>,
        sending: impl Future<Output = Result<(), Failed>>,
    ) -> Result<(), Failed> {
        tokio::select! {
            biased;
            () = self.superseded(resuming) => Err(CutShort::Superseded.into()),
            sent = sending => sent,
        }
    }

    /// Returns when the connection has another replay, or has closed.
    async fn superseded(&self, resuming: &Resuming<'_>) {
        loop {
            sleep(LOOK).await;
            if self.is_superseded(resuming).await {
                return;
            }
        }
    }

    async fn is_superseded(&self, resuming: &Resuming<'_>) -> bool {
        // If the table cannot be reached the replay goes on: the one after the next page is soon enough.
        let current = self.connections.replay(resuming.connection, self.clock.now()).await;
        current.is_ok_and(|current| current.as_ref() != Some(&resuming.replay))
    }

    /// Lets go of the cursor: whatever became of the replay, the run's worker sends what is behind it, or whoever relays
    /// its agent's messages. These send what comes with the next message, so where the replay `has_sent_all` it lets go
    /// only if that is true.
    async fn release(
        &self,
        resuming: &Resuming<'_>,
        run: &RunKey,
        replay: &Replay<'_>,
        has_sent_all: bool,
    ) -> Result<Released, StoreError> {
        let to = Cursor::after(&run.request, replay.taken());
        let (connection, from) = (resuming.connection.clone(), resuming.hold(run));
        let all_of = has_sent_all.then(|| (run.request.clone(), replay.taken()));
        let release = Transition::MoveCursor { connection, from, attached_at: None, all_of, to: to.clone() };
        let apply = || self.sessions.apply(&run.session, &release, self.clock.now());
        let session = match retry(RELEASING, |_| true, apply).await? {
            Err(Refused { refusal: Refusal::Moved, .. }) => return Ok(Released::Behind),
            // Refused: the answer to an earlier attempt was lost; or a newer resume holds the cursor, or the connection has
            // been detached, and what it lacks is not this replay's business.
            Ok(session) | Err(Refused { session, .. }) => session,
        };
        let attachment = session.connections.get(resuming.connection);
        let is_released = attachment.is_some_and(|attachment| attachment.cursor == to);
        let is_over = is_released && session.active_run(&run.request).is_none();
        Ok(if is_over { Released::Over } else { Released::ToOthers })
    }
}
