//! Pushing a run's log to every connection of its session, each at its own pace: the third stage of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::deadline::{Deadline, in_time};
use super::devices::{Devices, Ended};
use super::log::Next;
use super::run::Run;
use crate::backoff::{persist, retry};
use crate::clock::{Timestamp, millis};
use crate::protocol::frame::{Frame, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::PushError;
use crate::recovery::Behind;
use crate::replay::may_pass;
use crate::session::store::StoreError;
use crate::session::{Attachment, Attachments, Place};

/// How long a worker that may be too late waits before it looks again whether its lease was renewed.
const OVERDUE_PAUSE: Duration = Duration::from_millis(50);

/// Who has taken what a worker had to push.
pub(super) struct Delivered {
    /// Up to where each of them has it, but for those to which a replay sends it.
    pub(super) places: Vec<Behind>,
    /// All that it was pushed to.
    pub(super) known: Attachments,
    /// A connection that is not known lacks what is behind this frame.
    pub(super) live_from: Seq,
}

impl Run<'_> {
    /// Pushes to the connections of the session as they come and go. Done when the run is over, or goes on without this
    /// worker, and every device has taken all of it, or has had enough time.
    pub(super) async fn deliver(&self, deadline: &Deadline) -> Delivered {
        let mut audience = self.audience.subscribe();
        audience.mark_changed();
        let mut devices = Devices::of(self);
        loop {
            tokio::select! {
                biased;
                Ok(()) = audience.changed() => devices.reconcile(&audience.borrow_and_update()),
                // The audience is final, and the devices have heard of it.
                () = self.is_left() => break,
                () = devices.go_on() => {}
            }
        }
        let live_from = self.audience.borrow().live_from;
        let _ = in_time(devices.drained(), self.tools.settings.drain_timeout, deadline).await;
        Delivered { places: devices.places(), known: devices.known(), live_from }
    }

    /// Pushes everything behind frame `taken`, and detaches a connection that does not take it.
    pub(super) async fn push_to(
        &self,
        connection: ConnectionId,
        attachment: Attachment,
        taken: Arc<AtomicU64>,
    ) -> Ended {
        if let Place::Held { until, after } = attachment.place_in(&self.prompt.run.request) {
            let held = until.since(self.tools.clock.now());
            if timeout(held, self.is_left()).await.is_ok() {
                // Whoever replays it goes on to its end, or to where the relay sends more.
                return Ended::Finished;
            }
            taken.store(after.min(self.log.last()), Ordering::Relaxed);
        }
        let pushed = self.push_log(&connection, &taken, attachment.connecting_until()).await;
        let Err(error) = pushed else { return Ended::Finished };
        self.tools.recovery().detach(&self.prompt.run, &connection, attachment, &error).await;
        Ended::Detached(connection)
    }

    async fn push_log(
        &self,
        connection: &ConnectionId,
        taken: &AtomicU64,
        connecting_until: Timestamp,
    ) -> Result<(), PushError> {
        let mut last_push = Instant::now();
        let mut told = None;
        loop {
            let (changed, other_reason) = (self.log.changed(), self.waiting.changed());
            match self.log.next(taken.load(Ordering::Relaxed)) {
                Next::Frame(frame) => {
                    self.push_frame(connection, &frame.text, connecting_until).await?;
                    taken.store(frame.seq, Ordering::Relaxed);
                }
                // It is rare, and each device would have room for it.
                Next::InJournal => Box::pin(self.push_journal(connection, taken, connecting_until)).await?,
                Next::End => return Ok(()),
                Next::Later => {
                    let reason = self.waiting.reason();
                    let is_news = reason.is_some() && reason != told;
                    if !is_news && self.is_more_in_time(changed, other_reason, last_push).await {
                        continue;
                    }
                    told = reason;
                    let progress = self.maker.progress(millis(self.began.elapsed()), reason);
                    self.push_frame(connection, &progress, connecting_until).await?;
                }
            }
            last_push = Instant::now();
        }
    }

    /// Whether there is something to look at before a device has to hear that the run is alive.
    async fn is_more_in_time(
        &self,
        changed: impl Future<Output = ()>,
        other_reason: impl Future<Output = ()>,
        last_push: Instant,
    ) -> bool {
        let _idle = self.log.idle();
        let silence = self.tools.settings.progress_interval.saturating_sub(last_push.elapsed());
        tokio::select! {
            biased;
            () = changed => true,
            () = other_reason => true,
            () = sleep(silence) => false,
        }
    }

    /// Pushes a page of what is no longer in memory.
    async fn push_journal(
        &self,
        connection: &ConnectionId,
        taken: &AtomicU64,
        until: Timestamp,
    ) -> Result<(), PushError> {
        let after = taken.load(Ordering::Relaxed);
        for frame in persist("the journal could not be read", || self.read_behind(after)).await {
            self.push_frame(connection, &frame.text, until).await?;
            taken.store(frame.seq, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn read_behind(&self, after: u64) -> Result<Vec<Arc<Frame>>, StoreError> {
        let frames = self.tools.journal.read(&self.prompt.run, after, self.tools.clock.now()).await?;
        if frames.is_empty() {
            return Err(StoreError::Unavailable(format!("the journal has no frame behind {after}")));
        }
        Ok(frames)
    }

    /// Pushes one frame; tries again while the connection is only slow.
    async fn push_frame(
        &self,
        connection: &ConnectionId,
        text: &str,
        connecting_until: Timestamp,
    ) -> Result<(), PushError> {
        let may_pass = |error: &PushError| may_pass(error, self.tools.clock.now() < connecting_until);
        let attempt = async || {
            // Somebody else may have ended the run already. Either the lease is renewed, or this worker gives up.
            while self.is_overdue() {
                sleep(OVERDUE_PAUSE).await;
            }
            self.tools.push.push(connection, text).await
        };
        // What it could not take while it was being made does not count against it.
        let connecting = connecting_until.since(self.tools.clock.now());
        retry(connecting + self.tools.settings.device_timeout, may_pass, attempt).await
    }
}
