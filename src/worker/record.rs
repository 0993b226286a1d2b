//! Making a run's log durable, off the push path.

use tokio::time::sleep_until;

use super::log::Undurable;
use super::run::{Lost, Run};
use crate::journal::{Appended, Segment};
use crate::protocol::frame::{Outcome, Seq};

/// The largest segment: a table item may have 400 KB (Amazon DynamoDB quotas), and other attributes want room.
const MAX_SEGMENT_BYTES: usize = 300 * 1000;

impl Run<'_> {
    /// Appends segments to the journal as they become due, until the ending is durable.
    pub(super) async fn record(&self) -> Result<(Outcome, Seq), Lost> {
        loop {
            let changed = self.log.changed();
            let undurable = self.log.undurable(MAX_SEGMENT_BYTES);
            if !self.is_due(&undurable) {
                let due = undurable.since.map(|since| since + self.tools.settings.segment_interval);
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = async { match due { Some(due) => sleep_until(due).await, None => std::future::pending().await } } => {}
                }
                if due.is_none_or(|due| due > tokio::time::Instant::now()) {
                    continue;
                }
            }
            let Some(segment) = Segment::new(self.log.undurable(MAX_SEGMENT_BYTES).frames) else { continue };
            self.append(&segment).await?;
            self.log.mark_durable(segment.last());
            if let Some(outcome) = segment.outcome() {
                return Ok((outcome, segment.last()));
            }
        }
    }

    fn is_due(&self, undurable: &Undurable) -> bool {
        undurable.bytes >= self.tools.settings.segment_bytes || undurable.has_ending()
    }

    async fn append(&self, segment: &Segment) -> Result<(), Lost> {
        let until = self.lease_until();
        match self.tools.append_patiently(&self.prompt.run, segment, &self.lease, until).await {
            Ok(Appended::Written) => Ok(()),
            Ok(Appended::Overtaken) | Err(_) => Err(Lost),
        }
    }
}
