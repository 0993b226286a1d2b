//! Packing events into frames: the second stage of a run.

use std::pin::{Pin, pin};

use ::metrics::Counter;
use tokio::time::{Instant, Sleep, timeout_at};

use super::log::Log;
use super::settings::Settings;
use crate::metrics;
use crate::protocol::event::Event;
use crate::protocol::frame::FrameMaker;
use crate::protocol::output::Output;

/// Puts the events that come into the log, as few frames as it can without making anybody wait: the first event at
/// once, then a frame when a device has taken all others and it is time for the next, or when one is full.
pub(super) struct Coalescing<'a> {
    log: &'a Log,
    settings: &'a Settings,
    output: Output,
    frames: Counter,
    /// When the first event came.
    began: Option<Instant>,
    has_cut: bool,
    /// After a frame, before this no other is cut that is not full. One timer for all: there is an event every few milliseconds.
    next_cut: Pin<&'a mut Sleep>,
    /// Since when the event waits that came first.
    waiting_since: Instant,
}

impl<'a> Coalescing<'a> {
    /// Makes frames by `maker` for `log`. It keeps its pace by `timer`, whatever that says.
    pub(super) fn new(log: &'a Log, maker: FrameMaker, settings: &'a Settings, timer: Pin<&'a mut Sleep>) -> Self {
        Self {
            log,
            settings,
            output: Output::new(maker),
            frames: metrics::FRAMES.counter(&[]),
            began: None,
            has_cut: false,
            next_cut: timer,
            waiting_since: Instant::now(),
        }
    }

    /// Adds events behind all others; waits while there is a full frame and the log has no room for it.
    pub(super) async fn add(&mut self, batch: Vec<Event>) {
        if self.output.is_empty() {
            self.waiting_since = Instant::now();
            self.began.get_or_insert(self.waiting_since);
        }
        batch.into_iter().for_each(|event| self.output.add(event));
        if self.output.waiting_bytes() >= self.settings.coalesce_bytes {
            // The journal may be slower than the agent: no more is read than one full frame.
            self.log.room().await;
            self.cut();
            self.pause();
        }
    }

    /// Comes to what `coming` does, and meanwhile makes frames of the events that wait.
    pub(super) async fn meanwhile<T>(&mut self, coming: impl Future<Output = T>) -> T {
        let mut coming = pin!(coming);
        loop {
            tokio::select! {
                biased;
                came = &mut coming => return came,
                is_for_device = self.turn(), if !self.output.is_empty() => {
                    self.cut();
                    // One that only the journal wants keeps nobody waiting who comes then.
                    if is_for_device {
                        self.pause();
                    }
                }
            }
        }
    }

    /// Waits until it is a frame's turn: a device has taken all others, or so much time has passed that the journal
    /// wants it. The first frame has its turn at once. Whether it is for a device.
    async fn turn(&mut self) -> bool {
        if self.has_cut {
            self.next_cut.as_mut().await;
        }
        let mut idle_devices = self.log.idle_devices();
        let taken = idle_devices.wait_for(|idle| *idle > 0);
        let is_for_device = timeout_at(self.waiting_since + self.settings.segment_interval, taken).await.is_ok();
        self.log.room().await;
        is_for_device
    }

    /// Makes frames of all that waits.
    pub(super) fn cut(&mut self) {
        let frames = self.output.cut(self.log.last() + 1);
        self.frames.increment(frames.len() as u64);
        self.log.append(frames);
    }

    /// Lets the pace decide when the next frame has its turn.
    fn pause(&mut self) {
        if let Some(began) = self.began {
            let now = Instant::now();
            self.next_cut.as_mut().reset(now + self.settings.pace.interval(now - began));
            self.has_cut = true;
        }
    }
}
