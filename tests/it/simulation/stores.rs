//! A table, a journal and a queue that throttle, delay, and lose the answers to what they did.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, SessionId};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::{Prompts, QueueError, Visibility};
use agentcore_gateway::session::store::{Connection, Connections, Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, ReplayId, RunKey, Session, SessionKey};
use async_trait::async_trait;
use tokio::time::sleep;

use super::dice::Dice;
use super::verifier::Record;

/// What goes wrong around each call of a store.
#[derive(Clone)]
pub struct Trouble {
    pub dice: Dice,
    /// How often a call fails before it did anything, and as often after it did.
    pub failure: f64,
    /// How often a call takes up to two seconds, and not 30 ms.
    pub delay: f64,
    /// While set, no call comes back: the process is cut off.
    pub cut: Arc<AtomicBool>,
}

impl Trouble {
    async fn around<T>(&self, call: impl Future<Output = T>) -> Result<T, StoreError> {
        while self.cut.load(Ordering::Relaxed) {
            sleep(Duration::from_secs(1)).await;
        }
        if self.delay > 0.0 {
            let slow = self.dice.chance(self.delay);
            sleep(self.dice.time(Duration::from_millis(if slow { 2000 } else { 30 }))).await;
        }
        if self.dice.chance(self.failure) {
            return Err(StoreError::Throttled);
        }
        let result = call.await;
        if self.delay > 0.0 {
            sleep(self.dice.time(Duration::from_millis(30))).await;
        }
        if self.dice.chance(self.failure) {
            return Err(StoreError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(result)
    }
}

/// A store with trouble around it.
#[derive(Clone)]
pub struct Troubled<T: ?Sized> {
    pub inner: Arc<T>,
    pub trouble: Trouble,
}

#[async_trait]
impl<T: Sessions + ?Sized> Sessions for Troubled<T> {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        self.trouble.around(self.inner.load(key, now)).await?
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        self.trouble.around(self.inner.apply(key, transition, now)).await?
    }
}

#[async_trait]
impl<T: Connections + ?Sized> Connections for Troubled<T> {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.trouble.around(self.inner.record(connection, principal, session, replay, now)).await?
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        self.trouble.around(self.inner.replay(connection, now)).await?
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.trouble.around(self.inner.forget(connection, now)).await?
    }
}

#[async_trait]
impl<T: Journal + ?Sized> Journal for Troubled<T> {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        self.trouble.around(self.inner.append(run, segment, writer, now)).await?
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        self.trouble.around(self.inner.tail(run, now)).await?
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        self.trouble.around(self.inner.read(run, after, now)).await?
    }
}

#[async_trait]
impl<T: Visibility> Visibility for Troubled<T> {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        let extended = self.trouble.around(self.inner.extend(receipt, period)).await;
        extended.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let deleted = self.trouble.around(self.inner.delete(receipt)).await;
        deleted.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }
}

/// The queue, which also notes the order in which prompts came into it.
#[derive(Clone)]
pub struct NotedQueue<T> {
    pub inner: Troubled<T>,
    pub record: Record,
}

#[async_trait]
impl<T: Prompts> Prompts for NotedQueue<T> {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        let send = async {
            self.inner.inner.send(prompt).await?;
            self.record.queued(&prompt.run);
            Ok(())
        };
        let sent = self.inner.trouble.around(send).await;
        sent.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }
}
