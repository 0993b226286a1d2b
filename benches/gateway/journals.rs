//! Journals to compare the real one with.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::{LeaseId, RunKey};
use async_trait::async_trait;
use tokio::time::sleep;

/// Keeps nothing, and says that it did.
pub(crate) struct NoJournal;

#[async_trait]
impl Journal for NoJournal {
    async fn append(&self, _: &RunKey, _: &Segment, _: &LeaseId, _: Timestamp) -> Result<Appended, StoreError> {
        Ok(Appended::Written)
    }

    async fn tail(&self, _: &RunKey, _: Timestamp) -> Result<Option<Tail>, StoreError> {
        Ok(None)
    }

    async fn read(&self, _: &RunKey, _: Seq, _: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        Ok(Vec::new())
    }
}

/// A journal in memory whose calls take as long as a table's.
pub(crate) struct RemoteJournal {
    journal: MemoryJournal,
    latency: Duration,
}

impl RemoteJournal {
    pub(crate) fn new(latency: Duration) -> Self {
        Self { journal: MemoryJournal::default(), latency }
    }
}

#[async_trait]
impl Journal for RemoteJournal {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        sleep(self.latency).await;
        self.journal.append(run, segment, writer, now).await
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        sleep(self.latency).await;
        self.journal.tail(run, now).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        sleep(self.latency).await;
        self.journal.read(run, after, now).await
    }
}
