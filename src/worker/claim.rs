//! Taking a prompt: at most one worker ever calls the agent for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::run::Run;
use super::{Deadline, Tools, Verdict};
use crate::backoff::retry;
use crate::clock::Timestamp;
use crate::journal::{Appended, Segment};
use crate::protocol::frame::{Ending, Failure, FailureCode, Frame, FrameMaker};
use crate::protocol::ids::ConnectionId;
use crate::queue::payload::QueuedPrompt;
use crate::recovery::Recovery;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{LeaseId, RunKey, Session, SessionKey};

/// The soonest and the latest that a message comes again that has to wait for another worker's lease.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(20);

/// What a claim found.
enum Claim {
    /// The run is this worker's.
    Won { session: Session, lease_until: Timestamp },
    /// The request has ended, or was ended just now.
    Ended,
    /// Another worker may be alive with the session, for so long by its lease.
    Wait(Duration),
}

impl Tools {
    /// Runs `prompt` unless somebody else does or did.
    pub(super) async fn take(
        &self,
        prompt: &QueuedPrompt,
        receipt: &str,
        deadline: Deadline,
    ) -> Result<Verdict, StoreError> {
        // The queue's own visibility exceeds the longest run; a crash is to be noticed sooner. If the receipt is
        // stale, the claim finds out who has the run.
        let _ = self.visibility.extend(receipt, self.settings.lease).await;
        let lease = LeaseId(format!("{:032x}", self.random.bits()));
        let give_up = Instant::now() + self.settings.lease / 2;
        match retry(give_up, |_| true, || self.claim(&prompt.run, &prompt.connection, &lease)).await? {
            Claim::Ended => Ok(Verdict::Done),
            Claim::Wait(lease_left) => {
                let _ = self.visibility.extend(receipt, (lease_left + SOON).min(LATER)).await;
                Ok(Verdict::Later)
            }
            Claim::Won { session, lease_until } => {
                if is_newly_attached(&session, &prompt.connection) {
                    // The record lets `$disconnect` detach; without it the first push after it does.
                    let SessionKey { principal, session: id } = &prompt.run.session;
                    let _ = self.connections.record(&prompt.connection, principal, Some(id), self.clock.now()).await;
                }
                let first = self.first_frame(prompt, &session);
                let segment = Segment::of(Arc::clone(&first));
                if self.append_patiently(&prompt.run, &segment, &lease, lease_until).await? == Appended::Overtaken {
                    // Nobody holds the lease but this worker, so whoever wrote first is dead.
                    let ended = self.recovery().end_orphan(&prompt.run, &lease).await?;
                    return Ok(if ended.is_some() { Verdict::Done } else { Verdict::Later });
                }
                Run::new(self, prompt, receipt, lease, lease_until, session, first).finish(deadline).await
            }
        }
    }

    pub(super) fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
        }
    }

    async fn claim(&self, run: &RunKey, connection: &ConnectionId, lease: &LeaseId) -> Result<Claim, StoreError> {
        loop {
            let now = self.clock.now();
            if let Some(tail) = self.journal.tail(run, now).await? {
                return self.join_begun(run, lease, tail.outcome.is_some()).await;
            }
            let lease_until = now.after(self.settings.lease);
            let transition = Transition::Claim {
                request: run.request.clone(),
                lease: lease.clone(),
                until: lease_until,
                connection: connection.clone(),
            };
            match self.sessions.apply(&run.session, &transition, now).await? {
                Ok(session) => return Ok(Claim::Won { session, lease_until }),
                // The answer to an earlier attempt was lost.
                Err(Refused { refusal: Refusal::Occupied(active), session }) if active.lease == *lease => {
                    return Ok(Claim::Won { session, lease_until: active.lease_until });
                }
                Err(Refused { refusal: Refusal::Occupied(active), .. }) if active.is_orphan(now) => {
                    let orphan = RunKey { session: run.session.clone(), request: active.request };
                    self.recovery().end_orphan(&orphan, lease).await?;
                }
                Err(Refused { refusal: Refusal::TooManyConnections, session }) => {
                    self.detach_oldest(run, &session).await?;
                }
                Err(Refused { refusal: Refusal::Occupied(active), .. }) => {
                    return Ok(Claim::Wait(active.lease_until.since(now)));
                }
                Err(_) => return Ok(Claim::Wait(Duration::ZERO)),
            }
        }
    }

    /// A journal exists: the request has run, runs, or its worker died.
    async fn join_begun(&self, run: &RunKey, lease: &LeaseId, has_ended: bool) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let session = self.sessions.load(&run.session, now).await?;
        match session.active_run(&run.request) {
            // Its worker is alive, or was a minute ago; should it have died, whoever frees the session also pushes
            // the ending.
            Some(active) if !active.is_orphan(now) => Ok(Claim::Wait(active.lease_until.since(now))),
            None if has_ended => Ok(Claim::Ended),
            _ => {
                let ended = self.recovery().end_orphan(run, lease).await?;
                Ok(if ended.is_some() { Claim::Ended } else { Claim::Wait(Duration::ZERO) })
            }
        }
    }

    fn first_frame(&self, prompt: &QueuedPrompt, session: &Session) -> Arc<Frame> {
        let maker = FrameMaker::new(&prompt.run.request, &prompt.run.session.session);
        let waited = self.clock.now().since(prompt.received_at);
        Arc::new(if session.stops(&prompt.run.request) {
            maker.ending(1, &Ending::Stopped)
        } else if waited > self.settings.max_wait {
            let message = "The prompt waited for too long.";
            maker.ending(1, &Ending::Failed(Failure::retryable(FailureCode::Busy, message)))
        } else {
            maker.started()
        })
    }

    async fn detach_oldest(&self, run: &RunKey, session: &Session) -> Result<(), StoreError> {
        let oldest = session.connections.iter().min_by_key(|(_, attachment)| attachment.attached_at);
        if let Some((connection, _)) = oldest {
            let detach = Transition::Detach { connection: connection.clone() };
            let _ = self.sessions.apply(&run.session, &detach, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Appends `segment`, and tries again while the journal cannot be reached and the lease holds.
    pub(super) async fn append_patiently(
        &self,
        run: &RunKey,
        segment: &Segment,
        lease: &LeaseId,
        lease_until: Timestamp,
    ) -> Result<Appended, StoreError> {
        let give_up = Instant::now() + lease_until.since(self.clock.now());
        retry(give_up, |_| true, || self.journal.append(run, segment, lease, self.clock.now())).await
    }
}

/// Whether it was the claim that attached `connection`.
fn is_newly_attached(session: &Session, connection: &ConnectionId) -> bool {
    let claimed_at = session.active.as_ref().map(|active| active.started_at);
    session.connections.get(connection).is_some_and(|attachment| Some(attachment.attached_at) == claimed_at)
}
