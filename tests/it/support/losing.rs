//! Stores whose answers get lost on the way, after they did what they were asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::session::store::{Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, RunKey, Session, SessionKey};
use async_trait::async_trait;

/// A store whose writes are done, and not always answered.
pub struct Losing<S: ?Sized> {
    inner: Arc<S>,
    /// So many answers to writes are lost.
    pub lost: AtomicU32,
    /// So many answers to writes are lost, and the write is made again at once, as an SDK does by itself.
    pub repeated: AtomicU32,
}

impl<S: ?Sized> Losing<S> {
    pub fn around(inner: Arc<S>) -> Arc<Self> {
        Arc::new(Self { inner, lost: AtomicU32::new(0), repeated: AtomicU32::new(0) })
    }

    fn is_answered(&self) -> Result<(), StoreError> {
        if take(&self.lost) { Err(StoreError::Unavailable("the answer was lost".to_owned())) } else { Ok(()) }
    }
}

fn take(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Journal for Losing<dyn Journal> {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        if take(&self.repeated) {
            let _ = self.inner.append(run, segment, writer, now).await;
        }
        let appended = self.inner.append(run, segment, writer, now).await;
        self.is_answered()?;
        appended
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        self.inner.tail(run, now).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        self.inner.read(run, after, now).await
    }
}

#[async_trait]
impl Sessions for Losing<dyn Sessions> {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        self.inner.load(key, now).await
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        if take(&self.repeated) {
            let _ = self.inner.apply(key, transition, now).await;
        }
        let applied = self.inner.apply(key, transition, now).await;
        self.is_answered()?;
        applied
    }
}
