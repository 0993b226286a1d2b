//! Pushing a run's log to every connection of its session, each at its own pace: the third stage of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info};

use super::log::Next;
use super::run::Run;
use crate::backoff;
use crate::clock::{Timestamp, millis};
use crate::protocol::frame::Seq;
use crate::protocol::ids::ConnectionId;
use crate::push::PushError;
use crate::session::transition::Transition;
use crate::session::{Attachment, Cursor};

/// So long after it was attached, a connection that looks gone may be one that is just being made (`$connect` has not
/// returned yet).
const CONNECTING: Duration = Duration::from_secs(2);

/// What a connection is to get of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Live,
    Held,
    After(Seq),
}

struct Device {
    plan: Plan,
    attached_at: Timestamp,
    pushing: Option<AbortHandle>,
    /// The last frame that it took.
    taken: Arc<AtomicU64>,
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(pushing) = &self.pushing {
            pushing.abort();
        }
    }
}

/// Why the pushing to one connection ended without an ending having been pushed.
enum Dropped {
    Gone,
    Stuck,
}

impl Run<'_> {
    /// Pushes to the connections of the session as they come and go. Done when the run has ended and every device has
    /// taken all of it, or has been given enough time; returns those that have not, and the last frame that each took.
    pub(super) async fn deliver(&self) -> Vec<(ConnectionId, Seq)> {
        let mut audience = self.audience.subscribe();
        audience.mark_changed();
        let mut has_finished = self.has_finished.subscribe();
        let mut devices: BTreeMap<ConnectionId, Device> = BTreeMap::new();
        let mut pushing = FuturesUnordered::new();
        let mut drain_until = None;
        loop {
            tokio::select! {
                biased;
                Ok(()) = audience.changed() => {
                    let audience = audience.borrow_and_update().clone();
                    devices.retain(|connection, _| audience.attachments.contains_key(connection));
                    for (connection, attachment) in &audience.attachments {
                        let plan = self.plan(&attachment.cursor);
                        let known = devices.get(connection);
                        if known.is_some_and(|known| (known.plan, known.attached_at) == (plan, attachment.attached_at)) {
                            continue;
                        }
                        let from = match plan {
                            Plan::Live => Some(audience.live_from),
                            Plan::Held => None,
                            // What it has beyond the log was void.
                            Plan::After(seq) => Some(seq.min(self.log.last())),
                        };
                        let taken = Arc::new(AtomicU64::new(from.unwrap_or_default()));
                        let attached_at = attachment.attached_at;
                        let mut device = Device { plan, attached_at, pushing: None, taken: taken.clone() };
                        if from.is_some() {
                            let (handle, registration) = AbortHandle::new_pair();
                            device.pushing = Some(handle);
                            let task = self.push_to(connection.clone(), attachment.clone(), taken);
                            pushing.push(Abortable::new(task, registration));
                        }
                        devices.insert(connection.clone(), device);
                    }
                }
                Some(ended) = pushing.next() => {
                    if let Ok(connection) = ended && self.log.outcome().is_none() {
                        devices.remove(&connection);
                    }
                }
                Ok(_) = has_finished.wait_for(|finished| *finished), if drain_until.is_none() => {
                    drain_until = Some(Instant::now() + self.tools.settings.drain_timeout);
                }
                () = until(drain_until) => {
                    let last = self.log.last();
                    let taken = |device: &Device| device.pushing.is_some().then(|| device.taken.load(Ordering::Relaxed));
                    let taken = devices.iter().filter_map(|(connection, device)| Some((connection.clone(), taken(device)?)));
                    return taken.filter(|(_, taken)| *taken < last).collect();
                }
            }
            if drain_until.is_some() && pushing.is_empty() && !audience.has_changed().unwrap_or(false) {
                return Vec::new();
            }
        }
    }

    fn plan(&self, cursor: &Cursor) -> Plan {
        match cursor {
            Cursor::Held { request } if *request == self.prompt.run.request => Plan::Held,
            Cursor::After { request, seq } if *request == self.prompt.run.request => Plan::After(*seq),
            _ => Plan::Live,
        }
    }

    /// Pushes everything behind frame `taken`, and detaches a connection that does not take it.
    async fn push_to(&self, connection: ConnectionId, attachment: Attachment, taken: Arc<AtomicU64>) -> ConnectionId {
        let grace = if attachment.cursor == Cursor::Connecting { CONNECTING } else { Duration::ZERO };
        let connecting_until = attachment.attached_at.after(grace);
        let Err(dropped) = self.push_log(&connection, &taken, connecting_until).await else { return connection };
        let reason = match dropped {
            Dropped::Gone => "gone",
            Dropped::Stuck => "takes nothing",
        };
        info!(session = self.session_name(), request = %self.prompt.run.request, reason, "detached a connection");
        let detach = Transition::Detach { connection: connection.clone() };
        // A detach that fails is made up for by the next push to it.
        let _ = self.tools.sessions.apply(&self.prompt.run.session, &detach, self.tools.clock.now()).await;
        connection
    }

    async fn push_log(
        &self,
        connection: &ConnectionId,
        taken: &AtomicU64,
        connecting_until: Timestamp,
    ) -> Result<(), Dropped> {
        let mut last_push = Instant::now();
        loop {
            let changed = self.log.changed();
            match self.log.next(taken.load(Ordering::Relaxed)) {
                Next::Frame(frame) => {
                    self.push_frame(connection, &frame.text, connecting_until).await?;
                    taken.store(frame.seq, Ordering::Relaxed);
                }
                Next::InJournal => self.push_journal(connection, taken, connecting_until).await?,
                Next::End => return Ok(()),
                Next::Later => {
                    let idle = self.log.idle();
                    let silence = self.tools.settings.progress_interval.saturating_sub(last_push.elapsed());
                    let more = timeout(silence, changed).await;
                    drop(idle);
                    if more.is_ok() {
                        continue;
                    }
                    let elapsed = millis(self.began.elapsed());
                    self.push_frame(connection, &self.maker.progress(elapsed), connecting_until).await?;
                }
            }
            last_push = Instant::now();
        }
    }

    async fn push_journal(
        &self,
        connection: &ConnectionId,
        taken: &AtomicU64,
        until: Timestamp,
    ) -> Result<(), Dropped> {
        let after = taken.load(Ordering::Relaxed);
        let read = self.tools.journal.read(&self.prompt.run, after, self.tools.clock.now()).await;
        let frames = read.unwrap_or_default();
        if frames.is_empty() {
            sleep(backoff::FIRST_PAUSE).await;
        }
        for frame in frames {
            self.push_frame(connection, &frame.text, until).await?;
            taken.store(frame.seq, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Pushes one frame; tries again while the connection is only slow.
    async fn push_frame(
        &self,
        connection: &ConnectionId,
        text: &str,
        connecting_until: Timestamp,
    ) -> Result<(), Dropped> {
        let give_up = Instant::now() + self.tools.settings.device_timeout;
        let is_gone = |error: &PushError| *error == PushError::Gone && self.tools.clock.now() >= connecting_until;
        let attempt = async || {
            // Somebody else may have ended the run already. Either the lease is renewed, or this worker gives up.
            while self.is_overdue() {
                sleep(backoff::FIRST_PAUSE).await;
            }
            self.tools.push.push(connection, text).await
        };
        let pushed = backoff::retry(give_up, |error| !is_gone(error) && *error != PushError::TooLarge, attempt).await;
        pushed.map_err(|error| {
            debug!(request = %self.prompt.run.request, %error, "a push was given up");
            if is_gone(&error) { Dropped::Gone } else { Dropped::Stuck }
        })
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
