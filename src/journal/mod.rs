//! The journal of a run: every numbered frame as it was written, for resume, and for who decides what happened.
//!
//! It is a log. A segment is put only where none stands, and each starts right behind the last one; so of two workers
//! that both believe they run a request only one can go on writing. The first segment holds `started` and is written
//! before the agent is called, so at most one worker ever calls. The first terminal frame written is the ending.

#[cfg(feature = "dynamodb")]
mod dynamodb;
pub mod encoding;
pub mod memory;
mod page;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::protocol::frame::{Frame, Outcome, Seq};
use crate::session::store::StoreError;
use crate::session::{LeaseId, NextMessage, RunKey};

/// How many bytes of frames become one segment: a table item may have 400 KB (Amazon DynamoDB quotas), and its other
/// attributes want room.
pub(crate) const MAX_SEGMENT_BYTES: usize = 300 * 1000;

/// Frames of one run without a gap, written at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    frames: Vec<Arc<Frame>>,
    /// What comes behind it, of a detached run: the same messages may come again, in other batches, and what stands here
    /// is not to be written once more.
    next: Option<NextMessage>,
}

impl Segment {
    /// A segment of `frames`, or `None` if there are none or their numbers do not follow one another.
    #[must_use]
    pub fn new(frames: Vec<Arc<Frame>>) -> Option<Self> {
        let in_order = frames.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq);
        (!frames.is_empty() && in_order).then_some(Self { frames, next: None })
    }

    /// A segment of one frame.
    #[must_use]
    pub fn of(frame: Arc<Frame>) -> Self {
        Self { frames: vec![frame], next: None }
    }

    /// The same segment with what comes behind it.
    #[must_use]
    pub fn followed_by(self, next: NextMessage) -> Self {
        Self { next: Some(next), ..self }
    }

    /// What comes behind it, if it is of a detached run.
    #[must_use]
    pub fn next(&self) -> Option<NextMessage> {
        self.next
    }

    /// What somebody else has to know of it who wanted its place.
    #[must_use]
    pub fn stands(&self) -> Stands {
        Stands { last: self.last(), outcome: self.outcome(), next: self.next }
    }

    /// The number of its first frame: its place in the journal.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.frames[0].seq
    }

    /// The number of its last frame.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.frames[self.frames.len() - 1].seq
    }

    /// The run's outcome, if this segment holds the ending.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.frames.iter().find_map(|frame| frame.outcome)
    }

    /// Its frames in order.
    #[must_use]
    pub fn frames(&self) -> &[Arc<Frame>] {
        &self.frames
    }

    /// The bytes of its frames.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.frames.iter().map(|frame| frame.text.len()).sum()
    }
}

/// The end of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// The number of the last frame.
    pub last: Seq,
    /// The run's outcome, if it has ended.
    pub outcome: Option<Outcome>,
    /// When the last segment was written.
    pub written_at: Timestamp,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    Written,
    /// Another segment stands there: whoever appends has been overtaken.
    Overtaken(Stands),
}

/// A segment that stands where somebody else wanted to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// The number of its last frame.
    pub last: Seq,
    /// The run's outcome, if it holds the ending.
    pub outcome: Option<Outcome>,
    /// What comes behind it, if it is of a detached run.
    pub next: Option<NextMessage>,
}

/// Keeps journals. Whoever appends does so right behind the end that it knows, and nothing behind an ending: so of two
/// that append to one journal, both want the same place.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Puts `segment` at its place, unless something stands there that `writer` has not written.
    ///
    /// # Errors
    /// [`StoreError`]; whether it was written is then unknown, and the same append may be tried again.
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError>;

    /// The end of the journal; `None` if there is nothing, or no longer.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError>;

    /// The next frames behind `after`, in order, about a megabyte of them; empty: there are no more.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError>;
}

/// How long a table keeps a segment, and so knows which requests have run. A replay window is no longer.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a run can be replayed after its end, unless a setting says otherwise.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(60 * 60);
