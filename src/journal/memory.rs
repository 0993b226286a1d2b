//! Journals in memory, for one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Appended, Journal, REPLAY_WINDOW, Segment, Tail};
use crate::clock::Timestamp;
use crate::protocol::frame::{Frame, Seq};
use crate::session::store::StoreError;
use crate::session::{LeaseId, RunKey};

/// How many bytes of frames are kept; beyond it the journals that ended first go before their time.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How many bytes one read returns at most, unless a single frame is larger.
const PAGE_BYTES: usize = 1024 * 1024;

/// Journals under one lock.
#[derive(Debug)]
pub struct MemoryJournal {
    window: Duration,
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: HashMap<RunKey, Run>,
    ended: VecDeque<(Timestamp, RunKey)>,
    bytes: usize,
}

#[derive(Debug)]
struct Run {
    frames: Vec<Arc<Frame>>,
    bytes: usize,
    written_at: Timestamp,
    /// Where the last segment starts, and who wrote it.
    last_segment: (Seq, LeaseId),
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new(REPLAY_WINDOW, MAX_BYTES)
    }
}

impl MemoryJournal {
    /// Keeps a journal for `window` after its run's end, and at most `max_bytes` of frames in all.
    #[must_use]
    pub fn new(window: Duration, max_bytes: usize) -> Self {
        Self { window, max_bytes, state: Mutex::default() }
    }

    fn lock(&self, now: Timestamp) -> MutexGuard<'_, State> {
        // A writer only ever appends whole segments, so a poisoned lock guards sound data.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.drop_expired(now, self.window, self.max_bytes);
        state
    }
}

impl State {
    fn drop_expired(&mut self, now: Timestamp, window: Duration, max_bytes: usize) {
        while let Some((ended_at, _)) = self.ended.front() {
            if now <= ended_at.after(window) && self.bytes <= max_bytes {
                return;
            }
            if let Some((_, key)) = self.ended.pop_front()
                && let Some(run) = self.runs.remove(&key)
            {
                self.bytes -= run.bytes;
            }
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(
        &self,
        key: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let mut state = self.lock(now);
        let last_segment = (segment.first(), writer.clone());
        let run = state.runs.entry(key.clone()).or_insert_with(|| Run {
            frames: Vec::new(),
            bytes: 0,
            written_at: now,
            last_segment: (0, writer.clone()),
        });
        if run.last_segment == last_segment {
            return Ok(Appended::Written);
        }
        let next = run.frames.last().map_or(1, |frame| frame.seq + 1);
        let ended = run.frames.last().is_some_and(|frame| frame.outcome.is_some());
        if segment.first() != next || ended {
            return Ok(Appended::Overtaken);
        }
        run.frames.extend_from_slice(segment.frames());
        run.bytes += segment.bytes();
        run.written_at = now;
        run.last_segment = last_segment;
        state.bytes += segment.bytes();
        if segment.outcome().is_some() {
            state.ended.push_back((now, key.clone()));
        }
        Ok(Appended::Written)
    }

    async fn tail(&self, key: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        let state = self.lock(now);
        let tail = state.runs.get(key).and_then(|run| {
            let last = run.frames.last()?;
            Some(Tail { last: last.seq, outcome: last.outcome, written_at: run.written_at })
        });
        Ok(tail)
    }

    async fn read(&self, key: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        let state = self.lock(now);
        let Some(run) = state.runs.get(key) else { return Ok(Vec::new()) };
        let mut room = PAGE_BYTES;
        let start = run.frames.partition_point(|frame| frame.seq <= after);
        let page = run.frames[start..].iter().enumerate().map_while(|(at, frame)| {
            let fits = at == 0 || frame.text.len() <= room;
            room = room.saturating_sub(frame.text.len());
            fits.then(|| Arc::clone(frame))
        });
        Ok(page.collect())
    }
}
