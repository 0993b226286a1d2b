//! Packing events into frames: the second stage of a run.

use std::pin::{Pin, pin};

use ::metrics::Counter;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::log::Log;
use super::settings::Settings;
use crate::metrics;
use crate::protocol::event::Event;
use crate::protocol::frame::FrameMaker;
use crate::protocol::output::Output;

/// So many batches of events may lie between the reading and the coalescing.
pub(super) const EVENT_BATCHES: usize = 16;

/// Puts the events that come into the log, as few frames as it can without making anybody wait: the first event at
/// once, then a frame when a device has taken all others and it is time for the next, or when one is full.
pub(super) async fn coalesce(
    mut events: mpsc::Receiver<Vec<Event>>,
    log: &Log,
    maker: FrameMaker,
    settings: &Settings,
) {
    let now = Instant::now();
    let mut coalescing = Coalescing {
        log,
        settings,
        output: Output::new(maker),
        frames: metrics::FRAMES.counter(&[]),
        began: None,
        has_cut: false,
        next_cut: pin!(sleep_until(now)),
        waiting_since: now,
    };
    loop {
        match coalescing.next_step(&mut events).await {
            Step::Add(batch) => coalescing.add(batch),
            Step::Cut => coalescing.cut(),
            Step::End => return coalescing.cut(),
        }
    }
}

enum Step {
    Add(Vec<Event>),
    Cut,
    End,
}

struct Coalescing<'a> {
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

impl Coalescing<'_> {
    async fn next_step(&mut self, events: &mut mpsc::Receiver<Vec<Event>>) -> Step {
        if self.output.waiting_bytes() >= self.settings.coalesce_bytes {
            // The journal may be slower than the agent: no more is read than one full frame.
            self.log.room().await;
            return Step::Cut;
        }
        tokio::select! {
            biased;
            batch = events.recv() => batch.map_or(Step::End, Step::Add),
            () = self.turn(), if !self.output.is_empty() => Step::Cut,
        }
    }

    /// Waits until it is a frame's turn: a device has taken all others, or so much time has passed that the journal
    /// wants it. The first frame has its turn at once.
    async fn turn(&mut self) {
        if self.has_cut {
            self.next_cut.as_mut().await;
        }
        let mut idle_devices = self.log.idle_devices();
        let taken = idle_devices.wait_for(|idle| *idle > 0);
        let _ = timeout_at(self.waiting_since + self.settings.segment_interval, taken).await;
        self.log.room().await;
    }

    fn add(&mut self, batch: Vec<Event>) {
        if self.output.is_empty() {
            self.waiting_since = Instant::now();
            self.began.get_or_insert(self.waiting_since);
        }
        batch.into_iter().for_each(|event| self.output.add(event));
    }

    fn cut(&mut self) {
        let frames = self.output.cut(self.log.last() + 1);
        self.frames.increment(frames.len() as u64);
        self.log.append(frames);
        if let Some(began) = self.began {
            let now = Instant::now();
            self.next_cut.as_mut().reset(now + self.settings.pace.interval(now - began));
            self.has_cut = true;
        }
    }
}
