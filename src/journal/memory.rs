//! Journals in memory, for one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::page::Page;
use super::{Appended, Journal, REPLAY_WINDOW, Segment, Tail};
use crate::clock::Timestamp;
use crate::protocol::frame::{Frame, Seq};
use crate::session::store::StoreError;
use crate::session::{LeaseId, RunKey};

/// How many bytes of frames are kept; beyond it the journals that ended first go before their time.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

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

/// The segments of a run in the order of their places.
#[derive(Debug, Default)]
struct Run {
    segments: Vec<Stored>,
    bytes: usize,
}

#[derive(Debug)]
struct Stored {
    segment: Segment,
    writer: LeaseId,
    written_at: Timestamp,
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
        // Segments are only ever put as a whole, so a poisoned lock guards sound data.
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
        let run = state.runs.entry(key.clone()).or_default();
        match run.segments.binary_search_by_key(&segment.first(), |stands| stands.segment.first()) {
            Ok(at) if run.segments[at].writer == *writer => return Ok(Appended::Written),
            Ok(at) => return Ok(Appended::Overtaken(run.segments[at].segment.stands())),
            Err(at) => {
                let stored = Stored { segment: segment.clone(), writer: writer.clone(), written_at: now };
                run.segments.insert(at, stored);
            }
        }
        run.bytes += segment.bytes();
        state.bytes += segment.bytes();
        if segment.outcome().is_some() {
            state.ended.push_back((now, key.clone()));
        }
        Ok(Appended::Written)
    }

    async fn tail(&self, key: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        let state = self.lock(now);
        let last = state.runs.get(key).and_then(|run| run.segments.last());
        Ok(last.map(|Stored { segment, written_at, .. }| Tail {
            last: segment.last(),
            outcome: segment.outcome(),
            written_at: *written_at,
        }))
    }

    async fn read(&self, key: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        let state = self.lock(now);
        let Some(run) = state.runs.get(key) else { return Ok(Vec::new()) };
        let mut page = Page::behind(after);
        let segments = run.segments.iter().map(|stored| &stored.segment);
        // The first one that does not find room for all of it ends the answer.
        let _ = segments.skip_while(|segment| segment.last() <= after).all(|segment| page.take(segment));
        Ok(page.into_frames())
    }
}
