//! Making a run's log durable, off the push path.

use tokio::time::{Instant, timeout_at};

use super::audience::{Audience, announce};
use super::log::Undurable;
use super::run::{Lost, Phase, Run};
use crate::backoff::{persist, retry};
use crate::journal::{Appended, Segment};
use crate::protocol::frame::{Outcome, Seq};
use crate::session::store::Refused;
use crate::session::transition::Transition;

/// The largest segment: a table item may have 400 KB (Amazon DynamoDB quotas), and other attributes want room.
const MAX_SEGMENT_BYTES: usize = 300 * 1000;

impl Run<'_> {
    /// Appends segments to the journal as they become due, and frees the session when the ending is durable.
    pub(super) async fn record(&self) -> Result<Outcome, Lost> {
        loop {
            if let Some(outcome) = self.log.outcome() {
                return self.free_session(outcome, self.log.last()).await;
            }
            let segment = self.next_segment().await;
            self.append(&segment).await?;
            self.log.mark_durable(segment.last());
        }
    }

    /// What is not durable, as soon as it is due.
    async fn next_segment(&self) -> Segment {
        loop {
            let changed = self.log.changed();
            let undurable = self.log.undurable(MAX_SEGMENT_BYTES);
            let due = undurable.since.map(|since| since + self.tools.settings.segment_interval);
            if self.is_due(&undurable, due)
                && let Some(segment) = Segment::new(undurable.frames)
            {
                return segment;
            }
            match due {
                Some(due) => _ = timeout_at(due, changed).await,
                None => changed.await,
            }
        }
    }

    fn is_due(&self, undurable: &Undurable, due: Option<Instant>) -> bool {
        undurable.bytes >= self.tools.settings.segment_bytes
            || undurable.has_ending()
            || due.is_some_and(|due| due <= Instant::now())
    }

    /// Appends `segment`, however often it takes: supervision ends that when the lease runs out.
    pub(super) async fn append(&self, segment: &Segment) -> Result<(), Lost> {
        let append = || self.tools.journal.append(&self.prompt.run, segment, &self.lease, self.tools.clock.now());
        match persist("the journal could not be written", append).await {
            Appended::Written => Ok(()),
            Appended::Overtaken => Err(Lost::Place),
        }
    }

    /// Records the ending in the session, which frees it, and learns who is attached in the end.
    async fn free_session(&self, outcome: Outcome, last_seq: Seq) -> Result<Outcome, Lost> {
        self.phase.send_replace(Phase::Ended);
        let request = self.prompt.run.request.clone();
        let finish = Transition::Finish { request, lease: self.lease.clone(), outcome, last_seq };
        let patience = self.lease_until().since(self.tools.clock.now());
        let apply = || self.tools.sessions.apply(&self.prompt.run.session, &finish, self.tools.clock.now());
        // Refused: the answer to an earlier attempt was lost, or somebody took this worker for dead.
        let (Ok(session) | Err(Refused { session, .. })) =
            retry(patience, |_| true, apply).await.map_err(|_| Lost::Lease)?;
        let live_from = self.audience.borrow().live_from;
        announce(&self.audience, Audience { attachments: session.connections, live_from });
        self.phase.send_replace(Phase::Free);
        Ok(outcome)
    }
}
