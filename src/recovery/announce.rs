//! Telling the devices of a session the ending of a run that they may not have heard.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Behind, Recovery};
use crate::protocol::frame::Seq;
use crate::protocol::ids::ConnectionId;
use crate::push::PushError;
use crate::replay::ReplayError;
use crate::session::transition::Transition;
use crate::session::{Attachment, Place, RunKey, Session};

/// How long whoever ends a run waits for its connections to take the ending.
const ANNOUNCING: Duration = Duration::from_secs(5);

impl Recovery<'_> {
    /// Pushes what each connection misses: the ending, with what else of a detached run it may lack, and to one that was
    /// replayed up to some frame all behind that. Returns those that did not take it in time.
    pub(crate) async fn announce(self, run: &RunKey, session: &Session, last_seq: Seq) -> Vec<Behind> {
        let before_ending = last_seq - 1;
        let live_from = session.untold_run(&run.request).map_or(before_ending, |untold| untold.live_from);
        let pushes = session.connections.iter().filter_map(|(connection, attachment)| {
            let after = match attachment.place_in(&run.request) {
                // Whoever replays to it sees that the run has ended, and goes on to the end.
                Place::Held { until, .. } if self.clock.now() < until => return None,
                Place::Held { after, .. } | Place::After(after) => after,
                Place::Live => live_from,
            };
            let (connection, attachment) = (connection.clone(), attachment.clone());
            // What it has beyond the ending is void.
            Some(self.announce_to(run, Behind { connection, attachment, taken: before_ending.min(after) }))
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

    /// Sends a device the rest of a run that is over, and detaches it if it takes nothing.
    pub(super) async fn catch_up(self, run: &RunKey, device: Behind) {
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
}
