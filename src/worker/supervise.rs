//! Watching over a run: its lease, its message, new connections and stops.

use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::audience::{Audience, announce};
use super::run::{Lost, Run};
use super::settings::OnAbandoned;
use crate::session::Session;
use crate::session::store::StoreError;
use crate::session::transition::Transition;

impl Run<'_> {
    /// Never returns while the run is this worker's.
    pub(super) async fn supervise(&self) -> Lost {
        let settings = &self.tools.settings;
        let mut renewed = Instant::now();
        let mut live_from = 0;
        loop {
            if self.is_overdue() {
                return Lost;
            }
            sleep(settings.poll_interval.min(self.lease_left())).await;
            if *self.is_finishing.borrow() {
                return std::future::pending().await;
            }
            let seen_by_then = self.log.last();
            let renew = renewed.elapsed() >= settings.renew_interval;
            let look = async { if renew { self.renew().await } else { self.look().await } };
            // Whatever the table does, this worker's part ends before somebody else's may begin.
            let looked = timeout(self.lease_left(), look).await;
            if *self.is_finishing.borrow() {
                return std::future::pending().await;
            }
            let Ok(looked) = looked else { return Lost };
            match looked {
                Ok(Some(session)) => {
                    if renew {
                        renewed = Instant::now();
                    }
                    self.heed(session, live_from);
                    live_from = seen_by_then;
                }
                Ok(None) => return Lost,
                Err(error) => warn!(session = self.session_name(), %error, "the session could not be read"),
            }
        }
    }

    /// The session, if it is still this worker's.
    async fn look(&self) -> Result<Option<Session>, StoreError> {
        let session = self.tools.sessions.load(&self.prompt.run.session, self.tools.clock.now()).await?;
        Ok(session.is_leased_to(&self.lease).then_some(session))
    }

    async fn renew(&self) -> Result<Option<Session>, StoreError> {
        let lease = self.tools.settings.lease;
        // A message that is given to somebody else meanwhile does no harm: the lease tells them to wait.
        if let Err(error) = self.tools.visibility.extend(self.receipt, lease).await {
            warn!(session = self.session_name(), %error, "the message's visibility was not extended");
        }
        if *self.is_finishing.borrow() {
            return Ok(None);
        }
        let now = self.tools.clock.now();
        let until = now.after(lease);
        let renewal = Transition::Renew { lease: self.lease.clone(), until };
        let renewed = self.tools.sessions.apply(&self.prompt.run.session, &renewal, now).await?.ok();
        if renewed.is_some() {
            self.extend_lease(until);
        }
        Ok(renewed)
    }

    fn heed(&self, session: Session, live_from: u64) {
        let is_abandoned = session.connections.is_empty() && self.tools.settings.on_abandoned == OnAbandoned::Stop;
        if session.stops(&self.prompt.run.request) || is_abandoned {
            self.stop.send_replace(true);
        }
        announce(&self.audience, Audience { attachments: session.connections, live_from });
    }
}
