//! Ending a run whose worker died: done by whoever next touches its session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::journal::{Appended, Journal, Segment};
use crate::protocol::frame::{Ending, Failure, FrameMaker, Outcome, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::{Push, PushError};
use crate::replay::{Replay, ReplayError};
use crate::session::store::{Refused, Sessions, StoreError};
use crate::session::transition::Transition;
use crate::session::{Attachment, LeaseId, Place, RunKey, Session, Standing};

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

/// The run of a dead worker that has its ending now.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// Who was not told in time.
    pub(crate) behind: Vec<Behind>,
}

/// A device that had not taken all of a run when that was over.
#[derive(Debug, Clone)]
pub(crate) struct Behind {
    pub(crate) connection: ConnectionId,
    pub(crate) attachment: Attachment,
    /// The last frame that it took.
    pub(crate) taken: Seq,
}

impl<'a> Recovery<'a> {
    /// Ends `run` if its worker is dead: its journal gets an ending if it has none, and the session is free again.
    /// Whoever frees the session also pushes the ending, and so does who finds it freed: it may be that the answer to the
    /// write was lost. `None`: its worker may live.
    ///
    /// The append fences the dead worker: should it still live, its next append finds the place taken.
    pub(crate) async fn end_orphan(self, run: &RunKey, lease: &LeaseId) -> Result<Option<Ended>, StoreError> {
        let Some((last_seq, outcome)) = self.ensure_ending(run, lease).await? else { return Ok(None) };
        let finish = Transition::Finish { request: run.request.clone(), lease: lease.clone(), outcome, last_seq };
        let (Ok(session) | Err(Refused { session, .. })) =
            self.sessions.apply(&run.session, &finish, self.clock.now()).await?;
        info!(session = run.session.log_name(), request = %run.request, ?outcome, "ended the run of a dead worker");
        let behind = self.announce_freed(run, &session, last_seq).await;
        Ok(behind.map(|behind| Ended { outcome, behind }))
    }

    /// Pushes the ending of a run that has not the session any more: whoever freed that may not have come to it. It died,
    /// or never had the answer. Most devices have the ending already, and it is the same. `None`: the run has the session
    /// again, by a renewal or a claim that was under way. Who has it by that frees it and tells the ending, or dies before.
    ///
    /// That the session names another run as its latest says nothing. A claim may be under way for minutes, and then take
    /// a free session for a run that was over long before; whoever frees it names that one.
    async fn announce_freed(self, run: &RunKey, session: &Session, last_seq: Seq) -> Option<Vec<Behind>> {
        if session.active_run(&run.request).is_some() {
            return None;
        }
        Some(self.announce(run, session, last_seq).await)
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
    /// Returns those that did not take it in time.
    pub(crate) async fn announce(self, run: &RunKey, session: &Session, last_seq: Seq) -> Vec<Behind> {
        let pushes = session.connections.iter().filter_map(|(connection, attachment)| {
            let before_ending = last_seq - 1;
            let after = match attachment.place_in(&run.request) {
                // Whoever replays to it sees that the run has ended, and goes on to the end.
                Place::Held { until, .. } if self.clock.now() < until => return None,
                // What it has beyond the ending is void.
                Place::Held { after, .. } | Place::After(after) => before_ending.min(after),
                Place::Live => before_ending,
            };
            let (connection, attachment) = (connection.clone(), attachment.clone());
            Some(self.announce_to(run, Behind { connection, attachment, taken: after }))
        });
        let behind: Vec<Behind> = join_all(pushes).await.into_iter().flatten().collect();
        if !behind.is_empty() {
            let missed = behind.len();
            warn!(session = run.session.log_name(), request = %run.request, missed, "an ending was not pushed to all");
        }
        behind
    }

    async fn announce_to(self, run: &RunKey, device: Behind) -> Option<Behind> {
        let replay = self.replay(run, &device.connection, device.taken).while_connecting(&device.attachment);
        let announced = timeout(ANNOUNCING, replay.all()).await;
        let taken = replay.taken();
        (!matches!(announced, Ok(Ok(())))).then_some(Behind { taken, ..device })
    }

    /// Sends a device the rest of a run that is over, and detaches it if it takes nothing. What has no end of its own
    /// while the journal cannot be read, whoever calls ends.
    pub(crate) async fn catch_up(self, run: &RunKey, device: Behind) {
        let replay = self.replay(run, &device.connection, device.taken).while_connecting(&device.attachment);
        loop {
            match replay.all().await {
                Ok(()) => return,
                Err(ReplayError::Push(error)) => {
                    return self.detach(run, &device.connection, device.attachment, &error).await;
                }
                Err(ReplayError::Store(error)) => {
                    warn!(session = run.session.log_name(), request = %run.request, %error, "a device has to wait for the journal");
                }
            }
        }
    }

    /// Detaches `connection`, unless it has been attached anew since it was `seen`.
    pub(crate) async fn detach(self, run: &RunKey, connection: &ConnectionId, seen: Attachment, why: &PushError) {
        info!(session = run.session.log_name(), request = %run.request, %why, "detaches a connection");
        let detach = Transition::Detach { connection: connection.clone(), seen: Some(seen) };
        // A detach that fails is made up for by the next push to it.
        let _ = self.sessions.apply(&run.session, &detach, self.clock.now()).await;
    }

    /// A replay of what stands in the journal of `run` behind frame `after`.
    pub(crate) fn replay<'b>(self, run: &'b RunKey, connection: &'b ConnectionId, after: Seq) -> Replay<'b>
    where
        'a: 'b,
    {
        Replay::new(self.journal, self.push, self.clock, run, connection, after)
    }
}
