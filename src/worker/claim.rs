//! Taking a prompt: at most one worker ever calls the agent for it.

use std::time::Duration;

use tokio::sync::OnceCell;

use super::Tools;
use super::asked::Asked;
use super::before::RunBefore;
use super::deadline::Deadline;
use super::run::Run;
use crate::backoff::retry;
use crate::clock::Timestamp;
use crate::journal::Tail;
use crate::metrics;
use crate::protocol::frame::{Ending, Failure, FailureCode};
use crate::queue::patience::come_again_in;
use crate::queue::payload::QueuedPrompt;
use crate::recovery::Owed;
use crate::session::room::apply_making_room;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{Active, LeaseId, ReplyGrant, RunKey, Session, Standing, Unstopped};

/// When a message comes again that has to wait for nobody.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What a claim found.
pub(super) enum Claim {
    /// The run is this worker's, and this is what it is about.
    Won(Box<Session>, Asked),
    /// The request has ended, or was ended just now.
    Ended(Owed),
    /// Another worker is alive with the session.
    Occupied(Active),
    /// The agent of the run before is still at work.
    Unstopped(Unstopped),
    /// Somebody else has changed the session just now.
    Moved,
}

/// What came of a prompt.
pub(super) enum Came {
    /// Its request has its ending.
    ToAnEnd(Owed),
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
        let asked = OnceCell::new();
        loop {
            // What it takes in memory is free again while the run goes on.
            let claimed = Box::pin(retry(self.settings.lease / 2, |_| true, || self.claim(prompt, &asked, &lease)));
            let claim = claimed.await?;
            match claim {
                Claim::Won(session, Asked { body, reply }) => {
                    metrics::PROMPT_WAIT.took(&[], self.clock.now().since(prompt.received_at));
                    drop(asked);
                    let (body, ending) = match self.ending_before(prompt, &session) {
                        Some(ending) => (None, Some(ending)),
                        None => {
                            body.map_or_else(|failure| (None, Some(Ending::Failed(failure))), |body| (Some(body), None))
                        }
                    };
                    let before = RunBefore::untold(&prompt.run.session, &session);
                    let run = Run::new(self, prompt, lease, *session, ending, reply);
                    // Each future around it would have room for it once more: most of the memory of a run.
                    let finished = Box::pin(run.finish(body, deadline));
                    // The second is rare, and so on the heap too.
                    return match before {
                        None => finished.await,
                        Some(before) => Box::pin(self.telling_before(before, deadline, finished)).await,
                    };
                }
                Claim::Ended(owed) => return Ok(Came::ToAnEnd(owed)),
                Claim::Occupied(active) => {
                    let wait = come_again_in(&active, self.clock.now(), self.settings.longest_run, receives_left);
                    return Ok(Came::Undone(Some(wait)));
                }
                Claim::Unstopped(unstopped) => {
                    let stopping = Box::pin(self.stop_first(prompt, &unstopped, &lease, receives_left));
                    if let Some(wait) = stopping.await? {
                        return Ok(Came::Undone(Some(wait)));
                    }
                }
                Claim::Moved => return Ok(Came::Undone(Some(SOON))),
            }
        }
    }

    async fn claim(
        &self,
        prompt: &QueuedPrompt,
        asked: &OnceCell<Asked>,
        lease: &LeaseId,
    ) -> Result<Claim, StoreError> {
        let run = &prompt.run;
        loop {
            if let Some(tail) = self.journal.tail(run, self.clock.now()).await? {
                return Box::pin(self.join_begun(prompt, lease, tail)).await;
            }
            if !asked.initialized()
                && prompt.body.given().is_none()
                && let Some(session) = self.taken(run).await?
            {
                match Box::pin(self.meet(prompt, lease, session)).await? {
                    Some(claim) => return Ok(claim),
                    None => continue,
                }
            }
            let asked = asked.get_or_try_init(|| self.asked(prompt)).await?;
            let reply = asked.reply.as_ref();
            let reply = reply.map(|reply| ReplyGrant { run: reply.run.clone(), token: reply.token.hash() });
            let claim = |now: Timestamp| Transition::Claim {
                request: run.request.clone(),
                lease: lease.clone(),
                until: now.after(self.settings.lease),
                connection: prompt.connection.clone(),
                agent: prompt.agent.clone(),
                reply: reply.clone(),
            };
            match apply_making_room(self.sessions.as_ref(), self.clock.as_ref(), &run.session, claim).await? {
                Ok(session) => return Ok(Claim::Won(Box::new(session), asked.clone())),
                // The answer to an earlier attempt was lost.
                Err(Refused { session, .. }) if session.is_leased_to(lease) => {
                    return Ok(Claim::Won(Box::new(session), asked.clone()));
                }
                Err(Refused { refusal: Refusal::Occupied, session }) => {
                    if let Some(claim) = Box::pin(self.meet(prompt, lease, session)).await? {
                        return Ok(claim);
                    }
                }
                Err(Refused { refusal: Refusal::Unstopped, session: Session { unstopped: Some(unstopped), .. } }) => {
                    return Ok(Claim::Unstopped(unstopped));
                }
                Err(_) => return Ok(Claim::Moved),
            }
        }
    }

    /// The session of `run` if a run has it, this one or another: then nothing need be fetched yet.
    async fn taken(&self, run: &RunKey) -> Result<Option<Session>, StoreError> {
        let session = self.sessions.load(&run.session, self.clock.now()).await?;
        Ok(session.active.is_some().then_some(session))
    }

    /// A journal exists: the request has run, runs, or its worker died.
    async fn join_begun(&self, prompt: &QueuedPrompt, lease: &LeaseId, tail: Tail) -> Result<Claim, StoreError> {
        let run = &prompt.run;
        let now = self.clock.now();
        let session = self.sessions.load(&run.session, now).await?;
        match session.standing(&run.request, now) {
            // It has its ending, or its watch looks after it: this message is done.
            Standing::Runs(active) if active.detached.is_some() => {
                let ended = self.recovery().finish_ended(run, lease).await?;
                Ok(Claim::Ended(ended.map(|ended| ended.owed).unwrap_or_default()))
            }
            // Should its worker have died, whoever frees the session also pushes the ending.
            Standing::Runs(active) => Ok(Claim::Occupied(active.clone())),
            // Whether whoever ended it lived to tell is unknown, and to be told twice does no harm. If nobody has begun it,
            // nobody has attached who asked.
            Standing::Absent if tail.outcome.is_some() && tail.last == 1 => {
                Ok(Claim::Ended(self.recovery().announce_unbegun(prompt, session, tail.last).await))
            }
            Standing::Absent if tail.outcome.is_some() => {
                Ok(Claim::Ended(self.recovery().announce(run, &session, tail.last).await.into()))
            }
            Standing::Absent | Standing::Orphaned => {
                let ended = self.recovery().end_orphan(run, lease).await?;
                Ok(ended.map_or(Claim::Moved, |ended| Claim::Ended(ended.owed)))
            }
        }
    }

    /// How the run of `prompt` ends before the agent is called.
    fn ending_before(&self, prompt: &QueuedPrompt, session: &Session) -> Option<Ending> {
        let waited = self.clock.now().since(prompt.received_at);
        if session.stops(&prompt.run.request) {
            Some(Ending::Stopped)
        } else if waited > self.settings.max_wait {
            let message = "The prompt waited for too long.";
            Some(Ending::Failed(Failure::retryable(FailureCode::Busy, message)))
        } else {
            None
        }
    }
}
