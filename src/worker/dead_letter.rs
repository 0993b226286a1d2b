//! Giving up a prompt that the queue will not give out again: its request still gets its ending.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Tools;
use crate::backoff::retry;
use crate::clock::Timestamp;
use crate::journal::{Appended, Segment};
use crate::protocol::frame::{Ending, Failure, FailureCode, FrameMaker};
use crate::queue::payload::QueuedPrompt;
use crate::session::store::StoreError;
use crate::session::{Attachment, Cursor, LeaseId, Session};

/// How long the stores are tried.
const PATIENCE: Duration = Duration::from_secs(20);

/// So far beyond its end a lease is taken for expired by everybody.
const BEYOND: Duration = Duration::from_secs(1);

/// What became of an attempt to end a request.
enum Ended {
    /// It has its ending.
    Yes,
    /// Somebody has begun it just now.
    Overtaken,
    /// A worker has it, and counts as alive until then.
    Leased(Timestamp),
}

impl Tools {
    /// Sees to it that the request of `prompt` has an ending, unless a worker is alive that will write one.
    pub(super) async fn end_for_good(&self, prompt: &QueuedPrompt) -> Result<(), StoreError> {
        let lease = LeaseId(format!("{:032x}", self.random.bits()));
        let mut leased_until = None;
        loop {
            match retry(Instant::now() + PATIENCE, |_| true, || self.try_to_end(prompt, &lease)).await? {
                Ended::Yes => return Ok(()),
                Ended::Overtaken => {}
                Ended::Leased(until) if leased_until.is_some_and(|seen| seen < until) => return Ok(()),
                Ended::Leased(until) => {
                    leased_until = Some(until);
                    sleep(until.since(self.clock.now()) + BEYOND).await;
                }
            }
        }
    }

    async fn try_to_end(&self, prompt: &QueuedPrompt, lease: &LeaseId) -> Result<Ended, StoreError> {
        let now = self.clock.now();
        let tail = self.journal.tail(&prompt.run, now).await?;
        let session = self.sessions.load(&prompt.run.session, now).await?;
        match session.active_run(&prompt.run.request) {
            Some(active) if !active.is_orphan(now) => Ok(Ended::Leased(active.lease_until)),
            None if tail.is_none() => self.end_unbegun(prompt, lease, session).await,
            _ => {
                let ended = self.recovery().end_orphan(&prompt.run, lease).await?;
                Ok(if ended.is_some() { Ended::Yes } else { Ended::Overtaken })
            }
        }
    }

    /// Ends a request that no worker has begun: its journal is its ending.
    async fn end_unbegun(
        &self,
        prompt: &QueuedPrompt,
        lease: &LeaseId,
        mut session: Session,
    ) -> Result<Ended, StoreError> {
        let (code, message) = match session.active {
            Some(_) => (FailureCode::Busy, "The session was busy for too long."),
            None => (FailureCode::Internal, "The prompt could not be run."),
        };
        let maker = FrameMaker::new(&prompt.run.request, &prompt.run.session.session);
        let ending = maker.ending(1, &Ending::Failed(Failure::retryable(code, message)));
        let now = self.clock.now();
        if self.journal.append(&prompt.run, &Segment::of(Arc::new(ending)), lease, now).await? == Appended::Overtaken {
            return Ok(Ended::Overtaken);
        }
        // Nobody has attached the connection that asked.
        let asked = Attachment { cursor: Cursor::Live, attached_at: now };
        session.connections.entry(prompt.connection.clone()).or_insert(asked);
        self.recovery().announce(&prompt.run, &session, 1).await;
        Ok(Ended::Yes)
    }
}
