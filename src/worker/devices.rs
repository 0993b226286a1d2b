//! The devices that get a run, each with its own place in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use litemap::LiteMap;

use super::audience::Audience;
use super::run::Run;
use crate::protocol::frame::Seq;
use crate::protocol::ids::ConnectionId;
use crate::recovery::Behind;
use crate::session::{Attachment, Attachments, Place};

/// How the pushing to a device ended.
pub(super) enum Ended {
    /// It has taken the run's ending.
    Finished,
    /// It was detached.
    Detached(ConnectionId),
}

/// Stands for the last frame that a device took while a replay sends it the run.
pub(super) const HELD: Seq = Seq::MAX;

/// A device and the pushing to it, which ends with this.
struct Device {
    attachment: Attachment,
    /// The last frame that it took, or [`HELD`].
    taken: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Drop for Device {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The devices of a run.
pub(super) struct Devices<'a> {
    run: &'a Run<'a>,
    known: LiteMap<ConnectionId, Device>,
    pushing: FuturesUnordered<Abortable<BoxFuture<'a, Ended>>>,
}

impl<'a> Devices<'a> {
    pub(super) fn of(run: &'a Run<'a>) -> Self {
        Self { run, known: LiteMap::new(), pushing: FuturesUnordered::new() }
    }

    /// Pushes to whom `audience` names, and to nobody else.
    pub(super) fn reconcile(&mut self, audience: &Audience) {
        self.known.retain(|connection, _| audience.attachments.contains_key(connection));
        for (connection, attachment) in &audience.attachments {
            let known = self.known.remove(connection);
            let device = match known {
                Some(device) if device.attachment == *attachment => device,
                other => {
                    self.begin(connection, attachment, other.and_then(|device| device.taken()), audience.live_from)
                }
            };
            self.known.insert(connection.clone(), device);
        }
    }

    /// Begins pushing to a device that was attached, or attached anew; `taken` is what it took of this run before.
    fn begin(&self, connection: &ConnectionId, attachment: &Attachment, taken: Option<Seq>, live_from: Seq) -> Device {
        let last = self.run.log.last();
        let from = match attachment.place_in(&self.run.prompt.run.request) {
            Place::Live => taken.unwrap_or(live_from),
            // What it has beyond the log was void.
            Place::After(seq) => seq.min(last),
            Place::Held { .. } => HELD,
        };
        let taken = Arc::new(AtomicU64::new(from));
        let (task, registration) = AbortHandle::new_pair();
        let push: BoxFuture<'a, Ended> =
            Box::pin(self.run.push_to(connection.clone(), attachment.clone(), Arc::clone(&taken)));
        self.pushing.push(Abortable::new(push, registration));
        Device { attachment: attachment.clone(), taken, task }
    }

    /// Goes on until each device has taken the ending, or was detached. One that was detached is forgotten, so that it
    /// may come back.
    pub(super) async fn drained(&mut self) {
        while let Some(ended) = self.pushing.next().await {
            if let Ok(Ended::Detached(connection)) = ended {
                self.known.remove(&connection);
            }
        }
    }

    /// Goes on with all pushing, for ever.
    pub(super) async fn go_on(&mut self) {
        self.drained().await;
        std::future::pending().await
    }

    /// All of them, as they are attached.
    pub(super) fn known(&self) -> Attachments {
        self.known.iter().map(|(connection, device)| (connection.clone(), device.attachment.clone())).collect()
    }

    /// Up to where each has the run, but for those to which a replay sends it.
    pub(super) fn places(&self) -> Vec<Behind> {
        let devices = self.known.iter().filter_map(|(connection, device)| {
            let (connection, attachment) = (connection.clone(), device.attachment.clone());
            Some(Behind { connection, attachment, taken: device.taken()? })
        });
        devices.collect()
    }
}

impl Device {
    fn taken(&self) -> Option<Seq> {
        let taken = self.taken.load(Ordering::Relaxed);
        (taken != HELD).then_some(taken)
    }
}
