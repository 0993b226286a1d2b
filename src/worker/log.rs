//! The frames of a run that are in memory: written once, taken by each connection at its own pace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::settings::Settings;
use crate::protocol::frame::{Frame, Outcome, Seq};

/// What comes behind a frame.
#[derive(Debug)]
pub(super) enum Next {
    /// This one.
    Frame(Arc<Frame>),
    /// One that only the journal has.
    InJournal,
    /// Nothing yet.
    Later,
    /// Nothing ever: that was the ending.
    End,
}

/// What is to be made durable.
#[derive(Debug)]
pub(super) struct Undurable {
    pub(super) bytes: usize,
    pub(super) since: Option<Instant>,
    /// Somebody waits for it: it ends with the ending, or the agent goes on by itself and there are no more frames to come.
    pub(super) is_urgent: bool,
}

/// The log of one run.
#[derive(Debug)]
pub(super) struct Log {
    max_durable_bytes: usize,
    max_undurable_bytes: usize,
    state: Mutex<State>,
    changed: Notify,
    idle_devices: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    durable: Seq,
    undurable_bytes: usize,
    undurable_since: Option<Instant>,
    /// The agent goes on by itself, after so many bytes of events: there are no more frames.
    handed_over: Option<usize>,
}

impl Log {
    /// An empty log, within the bounds of `settings`.
    pub(super) fn new(settings: &Settings) -> Self {
        let Settings { max_durable_bytes, max_undurable_bytes, .. } = *settings;
        Self {
            max_durable_bytes,
            max_undurable_bytes,
            state: Mutex::default(),
            changed: Notify::new(),
            idle_devices: watch::Sender::new(0),
        }
    }

    /// Begins the log with `first`, which is durable.
    pub(super) fn begin(&self, first: Arc<Frame>) {
        {
            let mut state = self.lock();
            state.bytes = first.text.len();
            state.durable = first.seq;
            state.frames.push_back(first);
        }
        self.changed.notify_waiters();
    }

    /// Adds frames behind all others.
    pub(super) fn append(&self, frames: Vec<Frame>) {
        {
            let mut state = self.lock();
            for frame in frames {
                state.bytes += frame.text.len();
                state.undurable_bytes += frame.text.len();
                state.undurable_since.get_or_insert_with(Instant::now);
                state.frames.push_back(Arc::new(frame));
            }
        }
        self.changed.notify_waiters();
    }

    /// Ends the log without an ending: the agent goes on by itself, after so many bytes of events.
    pub(super) fn hand_over(&self, bytes: usize) {
        self.lock().handed_over = Some(bytes);
        self.changed.notify_waiters();
    }

    /// After how many bytes of events the agent goes on by itself, if all frames before that are durable.
    pub(super) fn handed_over(&self) -> Option<usize> {
        let state = self.lock();
        state.handed_over.filter(|_| state.durable >= state.last())
    }

    /// The number of the last frame.
    pub(super) fn last(&self) -> Seq {
        self.lock().last()
    }

    /// The number of the last frame that is given out.
    pub(super) fn last_given_out(&self) -> Seq {
        self.lock().last_given_out()
    }

    /// The run's outcome, if the last frame is the ending, and durable.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let state = self.lock();
        state.frames.back().filter(|frame| frame.seq <= state.durable).and_then(|frame| frame.outcome)
    }

    /// Waits until more may be written: what there is has been made durable, but for so much.
    pub(super) async fn room(&self) {
        loop {
            let changed = self.changed();
            if self.lock().undurable_bytes < self.max_undurable_bytes {
                return;
            }
            changed.await;
        }
    }

    /// What comes behind frame `after` for a connection. An ending is given out only once it is durable.
    pub(super) fn next(&self, after: Seq) -> Next {
        let state = self.lock();
        if after >= state.last() {
            let ended = state.frames.back().is_some_and(|frame| frame.outcome.is_some());
            return if ended || state.handed_over.is_some() { Next::End } else { Next::Later };
        }
        if after >= state.last_given_out() {
            return Next::Later;
        }
        let first = state.frames.front().map_or(0, |frame| frame.seq);
        let at = (after + 1).checked_sub(first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| state.frames.get(at)) {
            Some(frame) => Next::Frame(Arc::clone(frame)),
            None => Next::InJournal,
        }
    }

    /// What there is that is not durable.
    pub(super) fn undurable(&self) -> Undurable {
        let state = self.lock();
        let has_ending = state.frames.back().is_some_and(|frame| frame.outcome.is_some());
        Undurable {
            bytes: state.undurable_bytes,
            since: state.undurable_since,
            is_urgent: has_ending || state.handed_over.is_some(),
        }
    }

    /// The frames that are not durable, but at most `max_bytes` of them unless the first alone is larger.
    pub(super) fn undurable_frames(&self, max_bytes: usize) -> Vec<Arc<Frame>> {
        let state = self.lock();
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for frame in state.frames.iter().filter(|frame| frame.seq > state.durable) {
            if !frames.is_empty() && bytes + frame.text.len() > max_bytes {
                break;
            }
            bytes += frame.text.len();
            frames.push(Arc::clone(frame));
        }
        frames
    }

    /// Frame `seq` and all before it are durable.
    pub(super) fn mark_durable(&self, seq: Seq) {
        {
            let mut state = self.lock();
            state.durable = seq;
            let undurable = state.frames.iter().filter(|frame| frame.seq > seq).map(|frame| frame.text.len()).sum();
            state.undurable_bytes = undurable;
            state.undurable_since = (undurable > 0).then(Instant::now);
            state.shrink(self.max_durable_bytes);
        }
        self.changed.notify_waiters();
    }

    /// Waits for a change behind this call; made before the log is looked at, it misses none.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Tells how many devices have taken all there is.
    pub(super) fn idle_devices(&self) -> watch::Receiver<usize> {
        self.idle_devices.subscribe()
    }

    /// Counts a device as idle until the guard is dropped.
    pub(super) fn idle(&self) -> Idle<'_> {
        self.idle_devices.send_modify(|idle| *idle += 1);
        Idle(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn last(&self) -> Seq {
        self.frames.back().map_or(0, |frame| frame.seq)
    }

    fn last_given_out(&self) -> Seq {
        match self.frames.back() {
            Some(frame) if frame.outcome.is_some() && frame.seq > self.durable => frame.seq - 1,
            _ => self.last(),
        }
    }

    /// Drops durable frames beyond `max_bytes`; never the last one, which tells where the log is.
    fn shrink(&mut self, max_bytes: usize) {
        while self.frames.len() > 1 && self.bytes - self.undurable_bytes > max_bytes {
            let Some(first) = self.frames.pop_front_if(|first| first.seq <= self.durable) else { return };
            self.bytes -= first.text.len();
        }
    }
}

/// A device that has taken all there is.
pub(super) struct Idle<'a>(&'a Log);

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.0.idle_devices.send_modify(|idle| *idle -= 1);
    }
}
