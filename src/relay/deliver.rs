//! Pushing what a batch brings to every device of the session, all at once, each for a short while.
//!
//! A relay lives for one batch, so what a device has not taken stands in its cursor: with the next batch it gets
//! everything behind that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::Tools;
use super::advance::Moving;
use crate::backoff::retry;
use crate::clock::{Timestamp, millis};
use crate::protocol::frame::{Frame, FrameMaker, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::PushError;
use crate::replay::{ReplayError, may_pass};
use crate::session::store::{Refused, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{Attachment, Cursor, Place, Session};

/// The longest that a device is not tried while all goes well: a heartbeat comes every 20 s.
const UNTRIED: Duration = Duration::from_secs(45);

/// Frames that are in memory, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Brought(Vec<Arc<Frame>>);

impl Brought {
    pub(super) fn add(&mut self, frames: Vec<Arc<Frame>>) {
        self.0.extend(frames);
    }

    /// All frames behind `after` up to `last`, if they are here.
    fn behind(&self, after: Seq, last: Seq) -> Option<&[Arc<Frame>]> {
        let first = self.0.first().map_or(last + 1, |frame| frame.seq);
        let at = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        Some(self.0.get(at..).unwrap_or_default())
    }
}

/// A device that is to get what is behind a frame.
struct Device<'a> {
    connection: &'a ConnectionId,
    attachment: &'a Attachment,
    /// The last frame that it took.
    taken: Arc<AtomicU64>,
    /// Whether anything was pushed to it: that the journal could not be read is none of its fault.
    tried: Arc<AtomicBool>,
    since: Timestamp,
}

impl Tools {
    /// Pushes to the connections of `session`: to live ones what is behind `live_from`, to others all that they lack. If
    /// there is nothing to push to one, it hears that the run is alive.
    pub(super) async fn deliver(
        &self,
        moving: &Moving<'_>,
        session: &Session,
        live_from: Seq,
        brought: Brought,
    ) -> Result<(), StoreError> {
        let last = session.detached_run(&moving.run.request).map_or(live_from, |detached| detached.last_seq);
        let (brought, now) = (&brought, self.clock.now());
        let pushes = session.connections.iter().filter_map(|(connection, attachment)| {
            let after = match attachment.place_in(&moving.run.request) {
                Place::Live => live_from,
                Place::After(seq) => seq.min(last),
                Place::Held { until, .. } if now < until => return None,
                // Its replay has died.
                Place::Held { after, .. } => after.min(last),
            };
            let device = Device {
                connection,
                attachment,
                taken: Arc::new(AtomicU64::new(after)),
                tried: Arc::default(),
                since: now,
            };
            Some(self.deliver_to(moving, device, last, brought))
        });
        try_join_all(pushes).await.map(|_| ())
    }

    async fn deliver_to(
        &self,
        moving: &Moving<'_>,
        device: Device<'_>,
        last: Seq,
        brought: &Brought,
    ) -> Result<(), StoreError> {
        let before = device.taken.load(Ordering::Relaxed);
        let sent = timeout(self.settings.push_timeout, self.send(moving, &device, last, brought)).await;
        let taken = device.taken.load(Ordering::Relaxed);
        match sent {
            Ok(Ok(())) if taken >= last => self.note_all(moving, &device, taken).await,
            Ok(Err(ReplayError::Push(error @ (PushError::Gone | PushError::TooLarge))))
                if self.clock.now() >= device.attachment.connecting_until() =>
            {
                self.detach(moving, &device, &error).await;
                Ok(())
            }
            _ => self.note_behind(moving, &device, taken, taken > before).await,
        }
    }

    async fn send(
        &self,
        moving: &Moving<'_>,
        device: &Device<'_>,
        last: Seq,
        brought: &Brought,
    ) -> Result<(), ReplayError> {
        let after = device.taken.load(Ordering::Relaxed);
        if after >= last {
            let maker = FrameMaker::new(&moving.run.request, &moving.run.session.session);
            let elapsed = self.clock.now().since(moving.active.started_at);
            return Ok(self.push_to(device, &maker.progress(millis(elapsed), None)).await?);
        }
        let Some(frames) = brought.behind(after, last) else {
            return self.send_from_journal(moving, device).await;
        };
        for frame in frames {
            self.push_to(device, &frame.text).await?;
            device.taken.store(frame.seq, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn send_from_journal(&self, moving: &Moving<'_>, device: &Device<'_>) -> Result<(), ReplayError> {
        let after = device.taken.load(Ordering::Relaxed);
        let replay = self.recovery().replay(moving.run, device.connection, after).noting(&device.taken, &device.tried);
        replay.while_connecting(device.attachment).all().await
    }

    async fn push_to(&self, device: &Device<'_>, text: &str) -> Result<(), PushError> {
        let until = device.attachment.connecting_until();
        let may_pass = |error: &PushError| may_pass(error, self.clock.now() < until);
        device.tried.store(true, Ordering::Relaxed);
        retry(self.settings.push_timeout, may_pass, || self.push.push(device.connection, text)).await
    }

    /// The device has taken all there is: from now on it is live.
    async fn note_all(&self, moving: &Moving<'_>, device: &Device<'_>, taken: Seq) -> Result<(), StoreError> {
        if device.attachment.place_in(&moving.run.request) == Place::Live {
            return Ok(());
        }
        let (from, attached_at) = (device.attachment.cursor.clone(), Some(device.attachment.attached_at));
        let all_of = Some((moving.run.request.clone(), taken));
        let connection = device.connection.clone();
        let live = Transition::MoveCursor { connection, from, attached_at, all_of, to: Cursor::Live };
        match self.sessions.apply(&moving.run.session, &live, self.clock.now()).await? {
            Err(Refused { refusal: Refusal::Moved, .. }) => self.note_behind(moving, device, taken, true).await,
            // Refused otherwise: it has been attached anew, or another relay knows its place.
            _ => Ok(()),
        }
    }

    /// Writes down up to where the device has the run, or detaches it if it has taken nothing for too long.
    async fn note_behind(
        &self,
        moving: &Moving<'_>,
        device: &Device<'_>,
        taken: Seq,
        has_taken: bool,
    ) -> Result<(), StoreError> {
        let (tried_at, failing_since) = match &device.attachment.cursor {
            _ if has_taken => (device.since, None),
            // What it took of another run is no measure.
            Cursor::After { request, tried_at: Some(tried_at), failing_since, .. }
                if *request == moving.run.request =>
            {
                match device.tried.load(Ordering::Relaxed) {
                    true => {
                        let attached_at = device.attachment.attached_at;
                        (device.since, Some(failing_before(*tried_at, *failing_since, attached_at, device.since)))
                    }
                    false => (*tried_at, *failing_since),
                }
            }
            _ => (device.since, device.tried.load(Ordering::Relaxed).then_some(device.since)),
        };
        let is_over = |since| self.clock.now().since(since) >= self.settings.device_timeout;
        if tried_at == device.since && failing_since.is_some_and(is_over) {
            self.detach(moving, device, &PushError::Unavailable("it takes nothing".to_owned())).await;
            return Ok(());
        }
        let request = moving.run.request.clone();
        let to = Cursor::After { request, seq: taken, tried_at: Some(tried_at), failing_since };
        let mut seen = device.attachment.clone();
        while seen.cursor != to {
            let (connection, from) = (device.connection.clone(), seen.cursor);
            let attached_at = Some(seen.attached_at);
            let behind = Transition::MoveCursor { connection, from, attached_at, all_of: None, to: to.clone() };
            let Err(Refused { session, .. }) =
                self.sessions.apply(&moving.run.session, &behind, self.clock.now()).await?
            else {
                return Ok(());
            };
            // Another relay may take it to be further than it is.
            match session.connections.get(device.connection) {
                Some(is) if is.attached_at == seen.attached_at && is_beyond(is, moving, taken) => seen = is.clone(),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    async fn detach(&self, moving: &Moving<'_>, device: &Device<'_>, why: &PushError) {
        self.recovery().detach(moving.run, device.connection, device.attachment.clone(), why).await;
    }
}

/// Since when a device fails that is tried once more: what lies before a time in which nobody tried it does not count, nor
/// what lies before a resume, which was told that it is attached from then on.
fn failing_before(
    tried_at: Timestamp,
    failing_since: Option<Timestamp>,
    attached_at: Timestamp,
    now: Timestamp,
) -> Timestamp {
    failing_since.filter(|since| *since >= attached_at && now.since(tried_at) <= UNTRIED).unwrap_or(now)
}

fn is_beyond(attachment: &Attachment, moving: &Moving<'_>, taken: Seq) -> bool {
    match attachment.place_in(&moving.run.request) {
        Place::Live => true,
        Place::After(seq) => seq > taken,
        Place::Held { .. } => false,
    }
}
