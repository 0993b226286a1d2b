//! What devices still have to be sent of a run that is over.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::info;

use super::{Behind, Recovery};
use crate::session::transition::Transition;
use crate::session::{RunKey, Untold};

/// What is still to be told of a run that is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owed {
    /// Who was not told in time.
    devices: Vec<Behind>,
    /// What the session has to forget as soon as they have all, if the run was detached.
    untold: Option<Untold>,
}

impl Owed {
    pub(super) fn of_detached(devices: Vec<Behind>, untold: Untold) -> Self {
        Self { devices, untold: Some(untold) }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.devices.is_empty()
    }
}

impl From<Vec<Behind>> for Owed {
    fn from(devices: Vec<Behind>) -> Self {
        Self { devices, untold: None }
    }
}

impl Recovery<'_> {
    /// Sends the devices the rest of `run`, and detaches who takes nothing. It has no end of its own while the journal
    /// cannot be read: whoever calls ends it.
    pub(crate) async fn send_owed(self, run: &RunKey, Owed { devices, untold }: Owed) {
        join_all(devices.into_iter().map(|device| self.catch_up(run, device))).await;
        if let Some(untold) = untold {
            // If this fails, somebody else tells it once more.
            let _ = self.sessions.apply(&run.session, &Transition::Told { untold }, self.clock.now()).await;
        }
    }

    /// The same for at most so long. Whether all is told.
    pub(crate) async fn send_owed_within(self, limit: Duration, run: &RunKey, owed: Owed) -> bool {
        let is_told = timeout(limit, self.send_owed(run, owed)).await.is_ok();
        if !is_told {
            info!(session = run.session.log_name(), request = %run.request, "a device is behind: it has to resume");
        }
        is_told
    }
}
