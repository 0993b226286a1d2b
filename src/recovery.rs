//! Ending a run whose worker died: done by whoever next touches its session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::journal::{Appended, Journal, Segment};
use crate::protocol::frame::{Ending, Failure, FrameMaker, Outcome, Seq};
use crate::push::Push;
use crate::replay::Replay;
use crate::session::store::{Refused, Sessions, StoreError};
use crate::session::transition::Transition;
use crate::session::{LeaseId, Place, RunKey, Session, Standing};

/// How long whoever ends a run waits for its connections to take the ending.
const ANNOUNCING: Duration = Duration::from_secs(5);

/// What it takes to end somebody else's run.
#[derive(Clone, Copy)]
pub(crate) struct Recovery<'a> {
    pub(crate) sessions: &'a dyn Sessions,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) push: &'a dyn Push,
    pub(crate) clock: &'a dyn Clock,
}

impl Recovery<'_> {
    /// Ends `run` if its worker is dead: its journal gets an ending if it has none, and the session is free again.
    /// Whoever frees the session also pushes the ending, and so does who finds it freed by this very ending: it may be
    /// that the answer to the write was lost. Returns how the run ended; `None` if its worker may live.
    ///
    /// The append fences the dead worker: should it still live, its next append finds the place taken.
    pub(crate) async fn end_orphan(self, run: &RunKey, lease: &LeaseId) -> Result<Option<Outcome>, StoreError> {
        let Some((last_seq, outcome)) = self.ensure_ending(run, lease).await? else { return Ok(None) };
        let finish = Transition::Finish { request: run.request.clone(), lease: lease.clone(), outcome, last_seq };
        match self.sessions.apply(&run.session, &finish, self.clock.now()).await? {
            Ok(session) => {
                info!(session = run.session.log_name(), request = %run.request, ?outcome, "ended the run of a dead worker");
                self.announce(run, &session, last_seq).await;
            }
            // The answer to an earlier attempt may have been lost.
            Err(Refused { session, .. }) => self.announce_again(run, &session, last_seq).await,
        }
        Ok(Some(outcome))
    }

    /// Pushes the ending of a run that has been freed, for whoever freed it may not have come to that: it died, or never
    /// had the answer. Most devices have it already, and it is the same.
    pub(crate) async fn announce_again(self, run: &RunKey, session: &Session, last_seq: Seq) {
        if session.finished_with(&run.request, last_seq) {
            self.announce(run, session, last_seq).await;
        }
    }

    async fn ensure_ending(self, run: &RunKey, lease: &LeaseId) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let maker = FrameMaker::new(&run.request, &run.session.session);
        loop {
            let tail = self.journal.tail(run, self.clock.now()).await?;
            if let Some((last, outcome)) = tail.and_then(|tail| Some((tail.last, tail.outcome?))) {
                return Ok(Some((last, outcome)));
            }
            // Read behind the journal: a run that began meanwhile is found here.
            let now = self.clock.now();
            let session = self.sessions.load(&run.session, now).await?;
            if matches!(session.standing(&run.request, now), Standing::Runs(active) if active.lease != *lease) {
                return Ok(None);
            }
            let seq = tail.map_or(1, |tail| tail.last + 1);
            let frame = Arc::new(maker.ending(seq, &Ending::Failed(Failure::interrupted())));
            let segment = Segment::of(frame);
            if self.journal.append(run, &segment, lease, self.clock.now()).await? == Appended::Written {
                return Ok(Some((seq, Outcome::Failed)));
            }
        }
    }

    /// Pushes what each connection misses: the ending, and to one that was replayed up to some frame all behind that.
    /// What a connection does not take in time, its client resumes.
    pub(crate) async fn announce(self, run: &RunKey, session: &Session, last_seq: Seq) {
        let pushes = session.connections.iter().filter_map(|(connection, attachment)| {
            let before_ending = last_seq - 1;
            let after = match attachment.place_in(&run.request) {
                // Whoever replays to it sees that the run has ended, and goes on to the end.
                Place::Held { until, .. } if self.clock.now() < until => return None,
                // What it has beyond the ending is void.
                Place::Held { after, .. } | Place::After(after) => before_ending.min(after),
                Place::Live => before_ending,
            };
            let replay = Replay::new(self.journal, self.push, self.clock, run, connection, after);
            Some(async move { matches!(timeout(ANNOUNCING, replay.all()).await, Ok(Ok(()))) })
        });
        let missed = join_all(pushes).await.iter().filter(|took| !**took).count();
        if missed > 0 {
            warn!(session = run.session.log_name(), request = %run.request, missed, "an ending was not pushed to all");
        }
    }
}
