//! A journal that cannot be read, or not be written, or whose answers take long, while a test says so.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::{LeaseId, RunKey};
use async_trait::async_trait;

#[derive(Default)]
pub struct Outage {
    inner: MemoryJournal,
    pub of_reads: AtomicBool,
    /// How often it was tried to read it while it could not be.
    pub reads: AtomicU64,
    pub of_appends: AtomicBool,
    /// So many seconds pass between an append and its answer.
    pub answer_takes: AtomicU64,
    /// So many seconds pass until the tail is told.
    pub tail_takes: AtomicU64,
    /// The bytes of each segment that was appended.
    pub segments: Mutex<Vec<usize>>,
}

fn check(outage: &AtomicBool) -> Result<(), StoreError> {
    if outage.load(Ordering::Relaxed) { Err(StoreError::Throttled) } else { Ok(()) }
}

#[async_trait]
impl Journal for Outage {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        check(&self.of_appends)?;
        let appended = self.inner.append(run, segment, writer, now).await;
        self.segments.lock().unwrap().push(segment.bytes());
        tokio::time::sleep(Duration::from_secs(self.answer_takes.load(Ordering::Relaxed))).await;
        appended
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        tokio::time::sleep(Duration::from_secs(self.tail_takes.load(Ordering::Relaxed))).await;
        self.inner.tail(run, now).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        if let Err(error) = check(&self.of_reads) {
            self.reads.fetch_add(1, Ordering::Relaxed);
            return Err(error);
        }
        self.inner.read(run, after, now).await
    }
}
