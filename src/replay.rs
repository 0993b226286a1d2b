//! A journal on its way to one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ::metrics::Counter;

use crate::backoff::retry;
use crate::clock::{Clock, Timestamp};
use crate::journal::Journal;
use crate::metrics;
use crate::protocol::frame::{Frame, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::{Push, PushError};
use crate::session::store::StoreError;
use crate::session::{Attachment, RunKey};

/// How long one message is tried before its connection counts as stuck.
const PUSH_PATIENCE: Duration = Duration::from_secs(30);

/// How long one page of the journal is tried to be read.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// Why a replay did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The connection is gone, or takes nothing.
    #[error(transparent)]
    Push(#[from] PushError),
    /// The journal could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Pushes the durable frames of a run to a connection, page by page.
pub(crate) struct Replay<'a> {
    journal: &'a dyn Journal,
    push: &'a dyn Push,
    clock: &'a dyn Clock,
    run: &'a RunKey,
    connection: &'a ConnectionId,
    connecting_until: Timestamp,
    taken: Arc<AtomicU64>,
    tried: Arc<AtomicBool>,
    replayed: Counter,
}

impl<'a> Replay<'a> {
    /// A replay of what stands behind frame `after`.
    pub(crate) fn new(
        journal: &'a dyn Journal,
        push: &'a dyn Push,
        clock: &'a dyn Clock,
        run: &'a RunKey,
        connection: &'a ConnectionId,
        after: Seq,
    ) -> Self {
        let (connecting_until, taken) = (Timestamp(0), Arc::new(AtomicU64::new(after)));
        let replayed = metrics::FRAMES_REPLAYED.counter(&[]);
        Self { journal, push, clock, run, connection, connecting_until, taken, tried: Arc::default(), replayed }
    }

    /// The same to a connection that may just be being made.
    pub(crate) fn while_connecting(self, attachment: &Attachment) -> Self {
        Self { connecting_until: attachment.connecting_until(), ..self }
    }

    /// The same with its place, and whether anything was pushed at all, where the caller sees it, whatever becomes of the
    /// replay.
    pub(crate) fn noting(self, taken: &Arc<AtomicU64>, tried: &Arc<AtomicBool>) -> Self {
        Self { taken: Arc::clone(taken), tried: Arc::clone(tried), ..self }
    }

    /// The last frame that the connection took, or the one behind which the replay begins.
    pub(crate) fn taken(&self) -> Seq {
        self.taken.load(Ordering::Relaxed)
    }

    /// Pushes all there is.
    pub(crate) async fn all(&self) -> Result<(), ReplayError> {
        while self.page().await? {}
        Ok(())
    }

    /// Pushes the next page; whether there was one.
    pub(crate) async fn page(&self) -> Result<bool, ReplayError> {
        let read = || self.journal.read(self.run, self.taken(), self.clock.now());
        let frames: Vec<Arc<Frame>> = retry(READ_PATIENCE, |_| true, read).await?;
        for frame in &frames {
            self.tried.store(true, Ordering::Relaxed);
            // What it could not take while it was being made does not count against it.
            let patience = self.connecting_until.since(self.clock.now()) + PUSH_PATIENCE;
            let may_pass = |error: &PushError| may_pass(error, self.clock.now() < self.connecting_until);
            retry(patience, may_pass, || self.push.push(self.connection, &frame.text)).await?;
            self.taken.store(frame.seq, Ordering::Relaxed);
            self.replayed.increment(1);
        }
        Ok(!frames.is_empty())
    }
}

/// Whether a push that failed so is to be tried again: the connection is only slow, or is just being made.
pub(crate) fn may_pass(error: &PushError, is_connecting: bool) -> bool {
    match error {
        PushError::Throttled | PushError::Unavailable(_) => true,
        PushError::Gone => is_connecting,
        PushError::TooLarge => false,
    }
}

/// Pushes `text`, and tries again while the connection is only slow.
pub(crate) async fn push_patiently(push: &dyn Push, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
    let may_pass = |error: &PushError| may_pass(error, false);
    retry(PUSH_PATIENCE, may_pass, || push.push(connection, text)).await
}
