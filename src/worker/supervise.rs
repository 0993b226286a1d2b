//! Watching over a run: its lease, new connections and stops.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::warn;

use super::audience::{Audience, announce};
use super::run::{Lost, Phase, Run};
use crate::choices::OnAbandoned;
use crate::protocol::frame::Seq;
use crate::session::Session;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::Transition;

/// A call that takes longer is made again: one that hangs must not cost the lease.
const PATIENCE: Duration = Duration::from_secs(10);

/// While nobody gets the run the session is looked at so often: who was cut off is likely to come back.
const EXPECTING: Duration = Duration::from_millis(500);

/// A renewal that failed is made again so soon: it must not wait for the next look.
const AGAIN: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Never returns while the run is this worker's.
    pub(super) async fn supervise(&self) -> Lost {
        tokio::select! {
            biased;
            // From here on the lease decides nothing any more.
            () = self.reached(Phase::Ended) => std::future::pending().await,
            lost = self.keep_lease() => lost,
        }
    }

    /// Renews the lease by what is left of it, and between that looks at the session.
    async fn keep_lease(&self) -> Lost {
        let (mut live_from, mut pause) = (0, Duration::ZERO);
        loop {
            let next = self.until_look().min(self.until_renewal());
            sleep(next.max(pause).min(self.lease_left())).await;
            if self.lease_left().is_zero() {
                return Lost::Lease;
            }
            let (given_out_by_then, until_renewal) = (self.log.last_given_out(), self.until_renewal());
            let looked = if until_renewal.is_zero() {
                timeout(self.lease_left().min(PATIENCE), self.renew()).await
            } else {
                timeout(until_renewal, self.look()).await
            };
            // If it fails, the next is due at once. A look that fails must not hold up the renewal behind it.
            pause = if until_renewal.is_zero() { AGAIN } else { Duration::ZERO };
            match looked {
                Ok(Ok(Some(session))) => {
                    self.heed(session, live_from);
                    live_from = given_out_by_then;
                }
                Ok(Ok(None)) => return Lost::Lease,
                Ok(Err(error)) => self.log_failure(&error.to_string()),
                // A look that is in the way of the renewal is dropped.
                Err(_) if !until_renewal.is_zero() => {}
                Err(_) => self.log_failure("the table takes too long"),
            }
        }
    }

    fn until_look(&self) -> Duration {
        let interval = self.tools.settings.poll_interval;
        if self.audience.borrow().attachments.is_empty() { interval.min(EXPECTING) } else { interval }
    }

    fn log_failure(&self, error: &str) {
        warn!(session = self.prompt.run.session.log_name(), error, "the session could not be read");
    }

    /// The session, if it is still this worker's.
    async fn look(&self) -> Result<Option<Session>, StoreError> {
        let session = self.tools.sessions.load(&self.prompt.run.session, self.tools.clock.now()).await?;
        Ok(session.is_leased_to(&self.lease).then_some(session))
    }

    async fn renew(&self) -> Result<Option<Session>, StoreError> {
        let now = self.tools.clock.now();
        let renewal = Transition::Renew { lease: self.lease.clone(), until: now.after(self.tools.settings.lease) };
        // Refused though it is this worker's: a renewal that was sent later came first.
        let (Ok(session) | Err(Refused { session, .. })) =
            self.tools.sessions.apply(&self.prompt.run.session, &renewal, now).await?;
        let Some(active) = session.active.as_ref().filter(|active| active.lease == self.lease) else {
            return Ok(None);
        };
        self.extend_lease(active.lease_until);
        Ok(Some(session))
    }

    fn heed(&self, session: Session, live_from: Seq) {
        let is_abandoned = session.connections.is_empty() && self.tools.settings.on_abandoned == OnAbandoned::Stop;
        if session.stops(&self.prompt.run.request) || is_abandoned {
            self.stop.send_replace(true);
        }
        announce(&self.audience, Audience { attachments: session.connections, live_from });
    }
}
