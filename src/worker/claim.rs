//! Taking a prompt: at most one worker ever calls the agent for it.

use std::sync::Arc;
use std::time::Duration;

use super::Tools;
use super::deadline::Deadline;
use super::run::Run;
use crate::backoff::retry;
use crate::clock::Timestamp;
use crate::journal::Tail;
use crate::protocol::frame::{Ending, Failure, FailureCode, Frame, FrameMaker};
use crate::queue::patience::come_again_in;
use crate::queue::payload::QueuedPrompt;
use crate::recovery::Behind;
use crate::session::room::apply_making_room;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{Active, LeaseId, RunKey, Session, Standing};

/// When a message comes again that has to wait for nobody.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What a claim found.
enum Claim {
    /// The run is this worker's.
    Won(Session),
    /// The request has ended, or was ended just now; these devices have not been told in time.
    Ended(Vec<Behind>),
    /// Another worker is alive with the session.
    Occupied(Active),
    /// Somebody else has changed the session just now.
    Moved,
}

/// What came of a prompt.
pub(super) enum Came {
    /// Its request has its ending; these devices lack some of it.
    ToAnEnd(Vec<Behind>),
    /// It has to come again, in so long if that is known.
    Undone(Option<Duration>),
}

impl Tools {
    /// Runs `prompt` unless somebody else does or did.
    pub(super) async fn run(
        &self,
        prompt: &QueuedPrompt,
        receives_left: u32,
        deadline: &Deadline,
    ) -> Result<Came, StoreError> {
        let lease = LeaseId(self.random.unique_name());
        match retry(self.settings.lease / 2, |_| true, || self.claim(prompt, &lease)).await? {
            Claim::Won(session) => {
                let first = self.first_frame(prompt, &session);
                Run::new(self, prompt, lease, session, first).finish(deadline).await
            }
            Claim::Ended(behind) => Ok(Came::ToAnEnd(behind)),
            Claim::Occupied(active) => {
                let wait = come_again_in(&active, self.clock.now(), self.settings.longest_run, receives_left);
                Ok(Came::Undone(Some(wait)))
            }
            Claim::Moved => Ok(Came::Undone(Some(SOON))),
        }
    }

    async fn claim(&self, prompt: &QueuedPrompt, lease: &LeaseId) -> Result<Claim, StoreError> {
        let run = &prompt.run;
        loop {
            if let Some(tail) = self.journal.tail(run, self.clock.now()).await? {
                return self.join_begun(run, lease, tail).await;
            }
            let claim = |now: Timestamp| Transition::Claim {
                request: run.request.clone(),
                lease: lease.clone(),
                until: now.after(self.settings.lease),
                connection: prompt.connection.clone(),
            };
            match apply_making_room(self.sessions.as_ref(), self.clock.as_ref(), &run.session, claim).await? {
                Ok(session) => return Ok(Claim::Won(session)),
                // The answer to an earlier attempt was lost.
                Err(Refused { session, .. }) if session.is_leased_to(lease) => return Ok(Claim::Won(session)),
                Err(Refused { refusal: Refusal::Occupied(active), .. }) if active.is_orphan(self.clock.now()) => {
                    let orphan = RunKey { session: run.session.clone(), request: active.request };
                    let ended = self.recovery().end_orphan(&orphan, lease).await?;
                    if let Some(ended) = ended
                        && orphan == *run
                    {
                        return Ok(Claim::Ended(ended.behind));
                    }
                }
                Err(Refused { refusal: Refusal::Occupied(active), .. }) => return Ok(Claim::Occupied(active)),
                Err(_) => return Ok(Claim::Moved),
            }
        }
    }

    /// A journal exists: the request has run, runs, or its worker died.
    async fn join_begun(&self, run: &RunKey, lease: &LeaseId, tail: Tail) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let session = self.sessions.load(&run.session, now).await?;
        match session.standing(&run.request, now) {
            // Should its worker have died, whoever frees the session also pushes the ending.
            Standing::Runs(active) => Ok(Claim::Occupied(active.clone())),
            // Whether whoever ended it lived to tell is unknown, and to be told twice does no harm.
            Standing::Absent if tail.outcome.is_some() => {
                Ok(Claim::Ended(self.recovery().announce(run, &session, tail.last).await))
            }
            Standing::Absent | Standing::Orphaned => {
                let ended = self.recovery().end_orphan(run, lease).await?;
                Ok(ended.map_or(Claim::Moved, |ended| Claim::Ended(ended.behind)))
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
}
