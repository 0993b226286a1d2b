//! One answer of a journal.

use std::sync::Arc;

use super::Segment;
use crate::protocol::frame::{Frame, Seq};

/// How many bytes of frames one answer holds, unless its first frame alone is larger.
const PAGE_BYTES: usize = 1024 * 1024;

/// The next frames behind a place, until they make one answer. Whoever fills it decodes no segment more than it takes.
#[derive(Debug)]
pub(super) struct Page {
    after: Seq,
    frames: Vec<Arc<Frame>>,
    bytes: usize,
    segments: usize,
}

impl Page {
    /// An empty page of what comes behind `after`.
    pub(super) fn behind(after: Seq) -> Self {
        Self { after, frames: Vec::new(), bytes: 0, segments: 0 }
    }

    /// Takes of `segment` what there is room for. Whether that is all of it.
    pub(super) fn take(&mut self, segment: &Segment) -> bool {
        self.segments += 1;
        for frame in segment.frames().iter().filter(|frame| frame.seq > self.after) {
            let bytes = self.bytes + frame.text.len();
            // An empty answer would mean that there is nothing more.
            if bytes > PAGE_BYTES && !self.frames.is_empty() {
                return false;
            }
            self.bytes = bytes;
            self.frames.push(Arc::clone(frame));
        }
        true
    }

    /// How many more segments like those that it took would fill it; `None` while it took nothing.
    #[cfg(feature = "dynamodb")]
    pub(super) fn missing(&self) -> Option<usize> {
        let room = PAGE_BYTES.saturating_sub(self.bytes);
        (self.bytes > 0).then(|| (room * self.segments).div_ceil(self.bytes))
    }

    /// What it took, in order.
    pub(super) fn into_frames(self) -> Vec<Arc<Frame>> {
        self.frames
    }
}
