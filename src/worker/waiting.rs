//! Why the agent is called again, for those who wait for its reply.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::protocol::frame::FailureCode;

/// How a call that is being tried again would fail; nothing, while none is.
///
/// Devices are woken in the order in which they began to wait, as by the run's log: what happens must not depend on chance.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    reason: Mutex<Option<FailureCode>>,
    changed: Notify,
}

impl Waiting {
    pub(super) fn reason(&self) -> Option<FailureCode> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, reason: Option<FailureCode>) {
        let before = std::mem::replace(&mut *self.reason.lock().unwrap_or_else(PoisonError::into_inner), reason);
        if before != reason {
            self.changed.notify_waiters();
        }
    }

    /// Waits for a change behind this call; made before the reason is looked at, it misses none.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}
