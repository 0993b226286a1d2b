//! Looking after runs whose agents go on by themselves: one that dies while nobody is connected gets its ending too.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use tracing::{error, info, warn};

use super::close::TELLING;
use super::{Tools, Verdict};
use crate::backoff::retry;
use crate::clock::Timestamp;
use crate::protocol::frame::Ending;
use crate::queue::tag::Unreadable;
use crate::queue::watch::{LONGEST_PAUSE, Watch};
use crate::recovery::Owed;
use crate::session::store::StoreError;
use crate::session::{Active, LeaseId, RunKey};

/// How long the stores are tried.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run that comes when its lease or its time has just run out finds it over by everybody's clock.
const BEYOND: Duration = Duration::from_secs(1);

/// What a look at a run came to.
enum Look {
    /// It has its ending.
    Over(Owed),
    /// It goes on: somebody should look again after this.
    GoesOn(Duration),
}

impl Tools {
    /// Looks at the run that `record` names.
    pub(super) async fn look_after(&self, record: &SqsMessage) -> Verdict {
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        let run = match Watch::decode(record.body.as_deref().unwrap_or_default()) {
            Ok(Watch { run }) => run,
            Err(Unreadable::Malformed(error)) => {
                error!(%error, "dropped a message that names no run to look after");
                return Verdict::Done;
            }
            Err(error @ Unreadable::Later { .. }) => {
                warn!(%error, "left a run to a later release");
                return Verdict::Later;
            }
        };
        let lease = LeaseId(self.random.unique_name());
        match retry(PATIENCE, |_| true, || self.look(&run, &lease)).await {
            // Who takes nothing for half of that is detached. If it is the journal that cannot be read, the run comes again.
            Ok(Look::Over(owed)) => match self.recovery().send_owed_within(TELLING, &run, owed).await {
                true => Verdict::Done,
                false => Verdict::Later,
            },
            Ok(Look::GoesOn(pause)) => {
                // If it fails, the queue's own visibility holds.
                let _ = self.watch_visibility.extend(receipt, pause).await;
                Verdict::Later
            }
            Err(error) => {
                warn!(session = run.session.log_name(), request = %run.request, %error, "a run could not be looked after");
                Verdict::Later
            }
        }
    }

    /// Whether the agent of `run` goes on by itself.
    pub(super) async fn goes_on(&self, run: &RunKey) -> bool {
        let session = self.sessions.load(&run.session, self.clock.now()).await;
        session.is_ok_and(|session| session.detached_run(&run.request).is_some())
    }

    /// Ends `run` with `ending` if it is detached, and tells that. Whether it did.
    pub(super) async fn end(&self, run: &RunKey, ending: &Ending) -> bool {
        let lease = LeaseId(self.random.unique_name());
        let end = async || {
            let session = self.sessions.load(&run.session, self.clock.now()).await?;
            match session.detached_run(&run.request) {
                Some(_) => self.recovery().end_detached(run, &lease, ending).await,
                None => Ok(None),
            }
        };
        let ended = retry(PATIENCE, |_| true, end).await;
        ended.is_ok_and(|ended| ended.is_some())
    }

    async fn look(&self, run: &RunKey, lease: &LeaseId) -> Result<Look, StoreError> {
        let session = self.sessions.load(&run.session, self.clock.now()).await?;
        let Some(active) = session.active_run(&run.request) else {
            return Ok(Look::Over(self.recovery().tell_untold(run, &session).await.unwrap_or_default()));
        };
        let now = self.clock.now();
        let recovery = self.recovery();
        let ended = match session.due(&run.request, self.settings.max_run, now) {
            Some(ending) => recovery.end_detached(run, lease, &ending).await?,
            None if active.is_orphan(now) => recovery.end_orphan(run, lease).await?,
            // Whoever gave it its ending may have died before the session was free.
            None => recovery.finish_ended(run, lease).await?,
        };
        if let Some(ended) = ended {
            info!(session = run.session.log_name(), request = %run.request, outcome = ?ended.outcome, "a run that was looked after is over");
            return Ok(Look::Over(ended.owed));
        }
        Ok(Look::GoesOn(self.pause(active, now)))
    }

    /// When the lease or the time of the run is over, unless somebody should look before.
    fn pause(&self, active: &Active, now: Timestamp) -> Duration {
        let time_over = active.started_at.after(self.settings.max_run);
        (active.lease_until.min(time_over).since(now) + BEYOND).min(LONGEST_PAUSE)
    }
}
