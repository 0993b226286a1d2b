//! What a prompt meets in its session that is left of the run before it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tracing::warn;

use super::Tools;
use super::claim::{Claim, SOON};
use super::deadline::{Deadline, in_time};
use crate::backoff::retry;
use crate::protocol::frame::{Ending, Failure, FailureCode};
use crate::queue::payload::QueuedPrompt;
use crate::recovery::{Owed, STOPPER_LEASE, StoppingError};
use crate::session::store::StoreError;
use crate::session::{LeaseId, RunKey, Session, SessionKey, Unstopped};

/// When a prompt comes again whose session's agent could not be stopped.
const STOP_AGAIN: Duration = Duration::from_secs(10);

impl Tools {
    /// What becomes of a prompt that finds another run in its session; `None`: that is over now.
    pub(super) async fn meet(
        &self,
        prompt: &QueuedPrompt,
        lease: &LeaseId,
        session: Session,
    ) -> Result<Option<Claim>, StoreError> {
        let Some(active) = session.active.clone() else { return Ok(None) };
        let other = RunKey { session: prompt.run.session.clone(), request: active.request.clone() };
        if !active.is_orphan(self.clock.now()) && active.detached.is_none() {
            return Ok(Some(Claim::Occupied(active)));
        }
        let ended = if active.is_orphan(self.clock.now()) {
            self.recovery().end_orphan(&other, lease).await?
        } else {
            // It may have its ending, and whoever gave it that has died.
            self.recovery().finish_ended(&other, lease).await?
        };
        match ended {
            Some(ended) if other == prompt.run => Ok(Some(Claim::Ended(ended.owed))),
            Some(_) => Ok(None),
            // Another worker has begun to end it.
            None if active.detached.is_none() => Ok(None),
            // Its agent goes on, and was heard of just now if it was taken for dead: so much for this prompt or for others.
            None if other == prompt.run => Ok(Some(Claim::Ended(Owed::default()))),
            None => {
                let busy =
                    Failure::retryable(FailureCode::Busy, "The session has a run that goes on in the background.");
                let ended = self.recovery().end_unbegun(prompt, lease, &session, Ending::Failed(busy)).await?;
                Ok(ended.map(Claim::Ended))
            }
        }
    }

    /// Stops the agent of the run before, which a prompt would meet. If that cannot be done, it says when the prompt is to
    /// come again.
    pub(super) async fn stop_first(
        &self,
        prompt: &QueuedPrompt,
        unstopped: &Unstopped,
        lease: &LeaseId,
        receives_left: u32,
    ) -> Result<Option<Duration>, StoreError> {
        let session = &prompt.run.session;
        let may_pass = |error: &StoppingError| matches!(error, StoppingError::Store(_));
        let stop = || self.stopping().stop(session, &unstopped.reply.run, lease);
        match retry(self.settings.lease / 2, may_pass, stop).await {
            Ok(()) => Ok(None),
            Err(StoppingError::Store(error)) => Err(error),
            Err(error) => {
                warn!(session = session.log_name(), %error, "a prompt waits for the agent of the run before it");
                // The last time that it comes, it must find the session free.
                let now = self.clock.now();
                let free_at = match error {
                    StoppingError::Agent(_) => unstopped.until,
                    _ => unstopped.free_at().max(now.after(STOPPER_LEASE)),
                };
                let left = (free_at.since(now) + SOON) / receives_left.max(1);
                Ok(Some(left.max(STOP_AGAIN)))
            }
        }
    }

    /// Comes to what `ran` does, and meanwhile tells the ending of the run before, for whoever freed the session may not have
    /// come to that: with the next ending it would be forgotten. A device that takes neither holds up the message no longer
    /// than one that is slow at the end of a run.
    pub(super) async fn telling_before<T>(
        &self,
        RunBefore { run, session }: RunBefore,
        deadline: &Deadline,
        ran: impl Future<Output = T> + Unpin,
    ) -> T {
        let telling = async {
            if let Some(owed) = self.recovery().tell_untold(&run, &session).await {
                self.recovery().send_owed(&run, owed).await;
            }
        };
        match select(ran, pin!(telling)).await {
            Either::Left((came, telling)) => {
                let _ = in_time(telling, self.settings.drain_timeout, deadline).await;
                came
            }
            Either::Right(((), ran)) => ran.await,
        }
    }
}

/// A run that had the session before, and of whose ending nobody knows whether it was told.
pub(super) struct RunBefore {
    run: RunKey,
    session: Session,
}

impl RunBefore {
    /// That of `session`, if there is one.
    pub(super) fn untold(key: &SessionKey, session: &Session) -> Option<Self> {
        let run = RunKey { session: key.clone(), request: session.untold.as_ref()?.request.clone() };
        Some(Self { run, session: session.clone() })
    }
}
