//! Making a run's log durable, off the push path.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::audience::{Audience, announce};
use super::log::Undurable;
use super::run::{Lost, Phase, Run};
use crate::backoff::{persist, retry};
use crate::journal::{Appended, MAX_SEGMENT_BYTES, Segment};
use crate::protocol::frame::{Outcome, Seq};
use crate::run_ended::{self, RunEnded};
use crate::session::store::Refused;
use crate::session::transition::Transition;
use crate::session::{Latest, Session, Unstopped};

/// How far the worker has brought its run.
pub(super) enum Recorded {
    /// It has its ending.
    Ended(Outcome),
    /// Its agent goes on by itself, after so many bytes of events.
    HandedOver { bytes: usize },
}

impl Run<'_> {
    /// Appends segments to the journal as they become due, until all are durable.
    pub(super) async fn record(&self) -> Result<Recorded, Lost> {
        loop {
            if let Some(outcome) = self.log.outcome() {
                return Ok(Recorded::Ended(outcome));
            }
            if let Some(bytes) = self.log.handed_over() {
                self.phase.send_replace(Phase::HandedOver);
                return Ok(Recorded::HandedOver { bytes });
            }
            let Some(segment) = self.next_segment().await else { continue };
            self.append(&segment).await?;
            self.log.mark_durable(segment.last());
        }
    }

    /// What is not durable, as soon as it is due; `None`: there is nothing, and nothing will come.
    async fn next_segment(&self) -> Option<Segment> {
        loop {
            let changed = self.log.changed();
            let undurable = self.log.undurable();
            let due = undurable.since.map(|since| since + self.tools.settings.segment_interval);
            if self.is_due(&undurable, due)
                && let Some(segment) = Segment::new(self.log.undurable_frames(MAX_SEGMENT_BYTES))
            {
                return Some(segment);
            }
            if self.log.handed_over().is_some() {
                return None;
            }
            match due {
                Some(due) => _ = timeout_at(due, changed).await,
                None => changed.await,
            }
        }
    }

    fn is_due(&self, undurable: &Undurable, due: Option<Instant>) -> bool {
        undurable.bytes >= self.tools.settings.segment_bytes
            || undurable.is_urgent
            || due.is_some_and(|due| due <= Instant::now())
    }

    /// Appends `segment`, however often it takes: supervision ends that when the lease runs out.
    pub(super) async fn append(&self, segment: &Segment) -> Result<(), Lost> {
        let append = || self.tools.journal.append(&self.prompt.run, segment, &self.lease, self.tools.clock.now());
        match persist("the journal could not be written", append).await {
            Appended::Written if segment.outcome().is_some() => {
                self.tell_ended().await;
                Ok(())
            }
            Appended::Written => Ok(()),
            Appended::Overtaken(_) => Err(Lost::Place),
        }
    }

    /// Tells others that the run has its ending.
    async fn tell_ended(&self) {
        let Some(ending) = self.ending.get() else { return };
        let duration = if self.has_begun() { self.tools.clock.now().since(self.claimed_at) } else { Duration::ZERO };
        let (agent, connections) = (Some(self.prompt.agent.clone()), self.audience.borrow().attachments.len());
        let event = RunEnded::of(&self.prompt.run, agent, ending, duration, connections);
        run_ended::tell(self.tools.events.as_ref(), &event).await;
    }

    /// Frees the session of the run, whose ending is durable, and settles who is to get it.
    pub(super) async fn free(&self, outcome: Outcome) -> Result<(), Lost> {
        let session = self.free_session(outcome, self.log.last(), None).await?;
        let live_from = self.audience.borrow().live_from;
        announce(&self.audience, Audience { attachments: session.connections, live_from });
        self.phase.send_replace(Phase::Free);
        Ok(())
    }

    /// Records the ending in the session, which frees it; returns the session then, and with it who is attached in the
    /// end.
    pub(super) async fn free_session(
        &self,
        outcome: Outcome,
        last_seq: Seq,
        unstopped: Option<Unstopped>,
    ) -> Result<Session, Lost> {
        self.phase.send_replace(Phase::Ended);
        let request = self.prompt.run.request.clone();
        let latest = Latest { request: request.clone(), outcome, last_seq };
        let finish = Transition::Finish { request, lease: self.lease.clone(), latest, untold: None, unstopped };
        let patience = self.lease_until().since(self.tools.clock.now());
        let apply = || self.tools.sessions.apply(&self.prompt.run.session, &finish, self.tools.clock.now());
        // Refused: the answer to an earlier attempt was lost, or somebody took this worker for dead.
        let (Ok(session) | Err(Refused { session, .. })) =
            retry(patience, |_| true, apply).await.map_err(|_| Lost::Lease)?;
        Ok(session)
    }
}
