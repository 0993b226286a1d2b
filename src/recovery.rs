//! Ending a run whose worker died: done by whoever next touches its session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::backoff::retry;
use crate::clock::Clock;
use crate::journal::{Appended, Journal, Segment};
use crate::protocol::frame::{Ending, Failure, Frame, FrameMaker, Outcome, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::{Push, PushError};
use crate::session::store::{Refused, Sessions, StoreError};
use crate::session::transition::Transition;
use crate::session::{Cursor, LeaseId, RunKey, Session};

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
        let (Ok(session) | Err(Refused { session, .. })) =
            self.sessions.apply(&run.session, &finish, self.clock.now()).await?;
        if session.latest.as_ref().is_some_and(|latest| latest.request == run.request && latest.last_seq == last_seq) {
            info!(session = run.session.log_name(), request = %run.request, ?outcome, "ended the run of a dead worker");
            self.announce(run, &session, last_seq).await?;
        }
        Ok(Some(outcome))
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
            let owner = session.active_run(&run.request).filter(|active| active.lease != *lease);
            if owner.is_some_and(|active| !active.is_orphan(now)) {
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
    /// What a connection does not take in time, its client resumes; but if the journal could not be read, nobody may have
    /// been told.
    pub(crate) async fn announce(self, run: &RunKey, session: &Session, last_seq: Seq) -> Result<(), StoreError> {
        let pushes = session.connections.iter().filter_map(|(connection, attachment)| {
            let before_ending = last_seq - 1;
            let after = match &attachment.cursor {
                // Whoever replays to it sees that the run has ended, and goes on to the end.
                Cursor::Held { request } if *request == run.request => return None,
                // What it has beyond the ending is void.
                Cursor::After { request, seq } if *request == run.request => before_ending.min(*seq),
                _ => before_ending,
            };
            Some(timeout(ANNOUNCING, self.replay(run, connection, after)))
        });
        let results = join_all(pushes).await;
        let missed = results.iter().filter(|result| !matches!(result, Ok(Ok(Ok(_))))).count();
        if missed > 0 {
            warn!(session = run.session.log_name(), request = %run.request, missed, "an ending was not pushed to all");
        }
        let unread = results.into_iter().flatten().find_map(Result::err);
        unread.map_or(Ok(()), Err)
    }

    /// Pushes the durable frames behind `after` to `connection`; returns the number of the last one.
    pub(crate) async fn replay(
        self,
        run: &RunKey,
        connection: &ConnectionId,
        after: Seq,
    ) -> Result<Result<Seq, PushError>, StoreError> {
        let mut last = after;
        loop {
            let frames: Vec<Arc<Frame>> = self.journal.read(run, last, self.clock.now()).await?;
            if frames.is_empty() {
                return Ok(Ok(last));
            }
            for frame in frames {
                if let Err(error) = push_patiently(self.push, connection, &frame.text).await {
                    return Ok(Err(error));
                }
                last = frame.seq;
            }
        }
    }
}

/// How long one message is tried before its connection counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pushes `text`, and tries again while the connection is only slow.
pub(crate) async fn push_patiently(push: &dyn Push, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
    let may_pass = |error: &PushError| matches!(error, PushError::Throttled | PushError::Unavailable(_));
    retry(Instant::now() + PATIENCE, may_pass, || push.push(connection, text)).await
}
