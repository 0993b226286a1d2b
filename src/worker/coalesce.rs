//! Packing events into frames: the second stage of a run.

use ::metrics::Counter;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

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
    let mut coalescing = Coalescing {
        log,
        settings,
        output: Output::new(maker),
        frames: metrics::FRAMES.counter(&[]),
        began: None,
        next_cut: None,
        waiting_since: Instant::now(),
    };
    loop {
        match coalescing.next_step(&mut events).await {
            Step::Add(batches) => coalescing.add(batches),
            Step::Cut => coalescing.cut(),
            Step::End => return coalescing.cut(),
        }
    }
}

enum Step {
    Add(Vec<Vec<Event>>),
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
    /// Before this no frame is cut that is not full.
    next_cut: Option<Instant>,
    /// Since when the event waits that came first.
    waiting_since: Instant,
}

impl Coalescing<'_> {
    async fn next_step(&self, events: &mut mpsc::Receiver<Vec<Event>>) -> Step {
        if self.output.waiting_bytes() >= self.settings.coalesce_bytes {
            // The journal may be slower than the agent: no more is read than one full frame.
            self.log.room().await;
            return Step::Cut;
        }
        let mut batches = Vec::new();
        tokio::select! {
            biased;
            count = events.recv_many(&mut batches, EVENT_BATCHES) => {
                if count > 0 { Step::Add(batches) } else { Step::End }
            }
            () = self.turn(), if !self.output.is_empty() => Step::Cut,
        }
    }

    /// Waits until it is a frame's turn: a device has taken all others, or so much time has passed that the journal
    /// wants it. The first frame has its turn at once.
    async fn turn(&self) {
        if let Some(next_cut) = self.next_cut {
            sleep_until(next_cut).await;
        }
        let mut idle_devices = self.log.idle_devices();
        let taken = idle_devices.wait_for(|idle| *idle > 0);
        let _ = timeout_at(self.waiting_since + self.settings.segment_interval, taken).await;
        self.log.room().await;
    }

    fn add(&mut self, batches: Vec<Vec<Event>>) {
        if self.output.is_empty() {
            self.waiting_since = Instant::now();
            self.began.get_or_insert(self.waiting_since);
        }
        batches.into_iter().flatten().for_each(|event| self.output.add(event));
    }

    fn cut(&mut self) {
        let frames = self.output.cut(self.log.last() + 1);
        self.frames.increment(frames.len() as u64);
        self.log.append(frames);
        let now = Instant::now();
        self.next_cut = self.began.map(|began| now + self.settings.pace.interval(now - began));
    }
}
