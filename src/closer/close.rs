//! What becomes of one prompt that was given up.

use std::time::Duration;

use tracing::{error, warn};

use super::{Received, Tools, Verdict};
use crate::backoff::retry;
use crate::journal;
use crate::metrics;
use crate::protocol::frame::{Ending, Failure, FailureCode};
use crate::queue::patience::come_again_in;
use crate::queue::payload::QueuedPrompt;
use crate::recovery::{Owed, Recovery};
use crate::session::store::StoreError;
use crate::session::{Active, LeaseId, Session, Standing};

/// How long the stores are tried.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long who could not be told at once is tried.
pub(super) const TELLING: Duration = Duration::from_secs(60);

/// What an attempt to end a request came to.
enum Attempt {
    /// It has its ending.
    Ended(Owed),
    /// Somebody has begun it just now.
    Overtaken,
    /// A worker has it, and counts as alive.
    Leased(Active),
    /// It is older than any journal: if it ran, nobody knows any more.
    TooOld,
}

impl Tools {
    /// Sees to it that the request of a prompt has an ending and that it is announced, unless a worker is alive that
    /// does both.
    pub(super) async fn close(&self, received: &Received) -> Result<Verdict, StoreError> {
        let prompt = &received.prompt;
        let (session, request) = (prompt.run.session.log_name(), &prompt.run.request);
        let lease = LeaseId(self.random.unique_name());
        loop {
            match retry(PATIENCE, |_| true, || self.attempt(prompt, &lease)).await? {
                Attempt::Ended(owed) => {
                    if !self.recovery().send_owed_within(TELLING, &prompt.run, owed).await {
                        return Ok(Verdict::Later);
                    }
                    warn!(session, %request, "ended a prompt that no worker could take");
                    return Ok(Verdict::Done);
                }
                Attempt::Overtaken => {}
                Attempt::Leased(active) => {
                    let left = self.settings.max_receive_count.saturating_sub(received.receive_count);
                    let wait = come_again_in(&active, self.clock.now(), self.settings.longest_run, left);
                    // If it fails, the queue's own visibility holds.
                    let _ = self.visibility.extend(&received.receipt, wait).await;
                    return Ok(Verdict::Later);
                }
                Attempt::TooOld => {
                    metrics::PROMPTS_DROPPED.count(&[]);
                    error!(session, %request, unended = 1, "dropped a prompt that is older than any journal");
                    return Ok(Verdict::Done);
                }
            }
        }
    }

    async fn attempt(&self, prompt: &QueuedPrompt, lease: &LeaseId) -> Result<Attempt, StoreError> {
        let run = &prompt.run;
        let now = self.clock.now();
        if now.since(prompt.received_at) > journal::RETENTION {
            return Ok(Attempt::TooOld);
        }
        let tail = self.journal.tail(run, now).await?;
        let session = self.sessions.load(&run.session, now).await?;
        match (session.standing(&run.request, now), tail) {
            // Its watch looks after it.
            (Standing::Runs(active), _) if active.detached.is_some() => Ok(Attempt::Ended(Owed::default())),
            (Standing::Runs(active), _) => Ok(Attempt::Leased(active.clone())),
            (Standing::Absent, None) => self.end_unbegun(prompt, lease, &session).await,
            // Whether whoever ended it lived to tell is unknown, and to be told twice does no harm.
            (Standing::Absent, Some(tail)) if tail.outcome.is_some() => {
                Ok(Attempt::Ended(self.recovery().announce_unbegun(prompt, session, tail.last).await))
            }
            _ => {
                let ended = self.recovery().end_orphan(run, lease).await?;
                Ok(ended.map_or(Attempt::Overtaken, |ended| Attempt::Ended(ended.owed)))
            }
        }
    }

    /// Ends a request that no worker has begun.
    async fn end_unbegun(
        &self,
        prompt: &QueuedPrompt,
        lease: &LeaseId,
        session: &Session,
    ) -> Result<Attempt, StoreError> {
        let failure = match session.active {
            Some(_) => Failure::retryable(FailureCode::Busy, "The session was busy for too long."),
            None => Failure::retryable(FailureCode::Internal, "The prompt could not be run."),
        };
        let ended = self.recovery().end_unbegun(prompt, lease, session, Ending::Failed(failure)).await?;
        if ended.is_some() {
            metrics::PROMPTS_GIVEN_UP.count(&[]);
        }
        Ok(ended.map_or(Attempt::Overtaken, Attempt::Ended))
    }

    pub(super) fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
            events: self.events.as_ref(),
            on_stop: self.settings.on_stop,
        }
    }
}
