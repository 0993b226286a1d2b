//! Giving a run its ending, and its session back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::info;

use super::{Ended, Owed, Recovery};
use crate::choices::OnStop;
use crate::clock::Timestamp;
use crate::journal::{Appended, Segment};
use crate::metrics;
use crate::protocol::frame::{Ending, Failure, FrameMaker, Outcome, Seq};
use crate::run_ended::{self, RunEnded};
use crate::session::store::{Refused, StoreError};
use crate::session::transition::Transition;
use crate::session::{Active, Latest, LeaseId, RunKey, Session, Standing, Unstopped, Untold};

/// How long the ending of a run waits for that of the run before it, which has not been told: somebody may be waiting for
/// the answer to a stop.
const TELLING_BEFORE: Duration = Duration::from_secs(5);

/// Whose ending a run is to have that has none.
#[derive(Clone, Copy)]
enum Missing<'a> {
    /// That of a run whose worker, or whose agent that goes on by itself, is dead.
    Orphans,
    /// This one, if it is detached.
    Detached(&'a Ending),
    /// None: it may go on.
    Nobodys,
}

impl Missing<'_> {
    /// The ending for `run` of `session`, by who has `lease`; `None`: it may live.
    fn ending(self, run: &RunKey, session: &Session, lease: &LeaseId, now: Timestamp) -> Option<Ending> {
        match self {
            Self::Orphans => match session.standing(&run.request, now) {
                Standing::Runs(active) if active.lease != *lease => None,
                _ => Some(Ending::Failed(Failure::interrupted())),
            },
            Self::Detached(ending) => session.detached_run(&run.request).map(|_| ending.clone()),
            Self::Nobodys => None,
        }
    }
}

impl Recovery<'_> {
    /// Ends `run` if its worker, or the agent that goes on by itself, is dead. `None`: it may live.
    ///
    /// The append fences the dead worker: should it still live, its next append finds the place taken.
    pub(crate) async fn end_orphan(self, run: &RunKey, lease: &LeaseId) -> Result<Option<Ended>, StoreError> {
        self.end(run, lease, Missing::Orphans).await
    }

    /// Ends `run` with `ending`, if it is detached: no worker could.
    pub(crate) async fn end_detached(
        self,
        run: &RunKey,
        lease: &LeaseId,
        ending: &Ending,
    ) -> Result<Option<Ended>, StoreError> {
        self.end(run, lease, Missing::Detached(ending)).await
    }

    /// Does what is left to be done of `run` if it has its ending: whoever gave it that may have died.
    pub(crate) async fn finish_ended(self, run: &RunKey, lease: &LeaseId) -> Result<Option<Ended>, StoreError> {
        self.end(run, lease, Missing::Nobodys).await
    }

    /// Sees to it that `run` has an ending, its own or the `missing` one, and that its session is free again. Whoever frees
    /// the session also pushes the ending, and so does who finds it freed: it may be that the answer to the write was lost.
    /// `None`: it has none, and is to have none; or it has the session still.
    async fn end(self, run: &RunKey, lease: &LeaseId, missing: Missing<'_>) -> Result<Option<Ended>, StoreError> {
        let maker = FrameMaker::new(&run.request, &run.session.session);
        loop {
            let tail = self.journal.tail(run, self.clock.now()).await?;
            // Read behind the journal: a run that began meanwhile is found here.
            let now = self.clock.now();
            let session = self.sessions.load(&run.session, now).await?;
            let (last_seq, outcome) = match tail.and_then(|tail| Some((tail.last, tail.outcome?))) {
                Some(ended) => ended,
                None => {
                    let Some(ending) = missing.ending(run, &session, lease, now) else { return Ok(None) };
                    let seq = tail.map_or(1, |tail| tail.last + 1);
                    let segment = Segment::of(Arc::new(maker.ending(seq, &ending)));
                    if self.journal.append(run, &segment, lease, self.clock.now()).await? != Appended::Written {
                        continue;
                    }
                    if matches!(missing, Missing::Orphans) {
                        metrics::ORPHANS_ENDED.count(&[]);
                    }
                    self.tell(run, &session, &ending).await;
                    (seq, ending.outcome())
                }
            };
            let unstopped = session.active_run(&run.request).and_then(|active| self.unstopped(active, outcome, now));
            // Nobody knows what of the last move was pushed.
            let live_from = session.detached_run(&run.request).map(|detached| detached.move_began.seq);
            return self.finish(run, &session, lease, live_from, (outcome, last_seq), unstopped).await;
        }
    }

    /// Frees the `session` of `run`, whose journal has its ending, and pushes that; if it was detached, with what is behind
    /// `live_from` to live connections. `None`: the run has the session again, by a renewal or a claim that was under way. Who
    /// has it by that frees it and tells the ending, or dies before.
    ///
    /// That the session names another run as its latest says nothing. A claim may be under way for minutes, and then take
    /// a free session for a run that was over long before; whoever frees it names that one.
    pub(crate) async fn finish(
        self,
        run: &RunKey,
        session: &Session,
        lease: &LeaseId,
        live_from: Option<Seq>,
        (outcome, last_seq): (Outcome, Seq),
        unstopped: Option<Unstopped>,
    ) -> Result<Option<Ended>, StoreError> {
        if live_from.is_some() {
            self.tell_before(run, session).await;
        }
        let latest = Latest { request: run.request.clone(), outcome, last_seq };
        let untold = live_from.map(|live_from| Untold { request: run.request.clone(), last_seq, live_from });
        let (request, lease) = (run.request.clone(), lease.clone());
        let finish = Transition::Finish { request, lease, latest, untold, unstopped };
        let (Ok(session) | Err(Refused { session, .. })) =
            self.sessions.apply(&run.session, &finish, self.clock.now()).await?;
        if session.active_run(&run.request).is_some() {
            return Ok(None);
        }
        info!(session = run.session.log_name(), request = %run.request, ?outcome, "ended a run");
        let owed = match self.tell_untold(run, &session).await {
            Some(owed) => owed,
            None => self.announce(run, &session, last_seq).await.into(),
        };
        Ok(Some(Ended { outcome, owed }))
    }

    /// Tells the devices of `session` the ending of a detached run before `run`, if it is untold still: it would be forgotten
    /// with that of `run`. Whoever began to tell it may have died, and the worker of `run` too, which was the next to do so.
    async fn tell_before(self, run: &RunKey, session: &Session) {
        let Some(untold) = session.untold.as_ref().filter(|untold| untold.request != run.request) else { return };
        let before = RunKey { session: run.session.clone(), request: untold.request.clone() };
        let telling = async {
            if let Some(owed) = self.tell_untold(&before, session).await {
                self.send_owed(&before, owed).await;
            }
        };
        if timeout(TELLING_BEFORE, telling).await.is_err() {
            info!(session = run.session.log_name(), request = %before.request, "a device is behind: it has to resume");
        }
    }

    /// Tells the devices of `session` the ending of `run` if that was detached and they may not have heard it: whoever freed
    /// the session may have died before. `None`: they have been told.
    pub(crate) async fn tell_untold(self, run: &RunKey, session: &Session) -> Option<Owed> {
        let untold = session.untold_run(&run.request)?.clone();
        let owed = Owed::of_detached(self.announce(run, session, untold.last_seq).await, untold);
        if owed.is_nothing() {
            self.send_owed(run, owed).await;
            return Some(Owed::default());
        }
        Some(owed)
    }

    /// The agent of a run that has ended so, if it may still be at work and is to be stopped: not where it has completed
    /// its reply, or has said nothing for so long that it is taken for dead.
    pub(crate) fn unstopped(self, active: &Active, outcome: Outcome, now: Timestamp) -> Option<Unstopped> {
        let goes_on = active.detached.is_some() && outcome != Outcome::Completed && !active.is_orphan(now);
        if !goes_on || self.on_stop == OnStop::Detach {
            return None;
        }
        let (agent, reply) = (active.agent.clone()?, active.reply.clone()?);
        Some(Unstopped { agent, reply, until: active.lease_until, stopper: None })
    }

    /// Tells others that `run`, whose session is `session`, has this ending.
    pub(crate) async fn tell(self, run: &RunKey, session: &Session, ending: &Ending) {
        let active = session.active_run(&run.request);
        let (agent, began) = active.map_or((None, None), |active| (active.agent.clone(), Some(active.started_at)));
        let duration = began.map_or_else(Default::default, |began| self.clock.now().since(began));
        let event = RunEnded::of(run, agent, ending, duration, session.connections.len());
        run_ended::tell(self.events, &event).await;
    }
}
