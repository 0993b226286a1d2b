//! Stores, queue and connections that count their calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, SessionId};
use agentcore_gateway::push::{Push, PushError};
use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::session::store::{Connection, Connections, Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, ReplayId, RunKey, Session, SessionKey};
use agentcore_gateway::worker::Tools;
use async_trait::async_trait;

/// What stands between a worker and all that it calls.
pub struct Counting {
    inner: Tools,
    calls: Mutex<BTreeMap<&'static str, usize>>,
}

impl Counting {
    /// Puts itself around what `tools` call.
    pub fn around(tools: &mut Tools) -> Arc<Self> {
        let counting = Arc::new(Self { inner: tools.clone(), calls: Mutex::default() });
        tools.sessions = counting.clone();
        tools.connections = counting.clone();
        tools.journal = counting.clone();
        tools.visibility = counting.clone();
        tools.push = counting.clone();
        counting
    }

    /// The calls since this was asked last.
    pub fn take(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn count(&self, call: &'static str) {
        *self.calls.lock().unwrap().entry(call).or_default() += 1;
    }
}

#[async_trait]
impl Sessions for Counting {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        self.count("load");
        self.inner.sessions.load(key, now).await
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        self.count(match transition {
            Transition::Claim { .. } => "claim",
            Transition::Renew { .. } => "renew",
            Transition::Finish { .. } => "finish",
            Transition::DetachRun { .. } => "detach run",
            Transition::Move { .. } => "move",
            Transition::Told { .. } => "told",
            Transition::BeginStopping { .. } => "begin stopping",
            Transition::Stopped { .. } => "stopped",
            Transition::Stop { .. } => "stop",
            Transition::ForgetStop { .. } => "forget stop",
            Transition::Attach { .. } => "attach",
            Transition::MoveCursor { .. } => "move cursor",
            Transition::Detach { .. } => "detach",
        });
        self.inner.sessions.apply(key, transition, now).await
    }
}

#[async_trait]
impl Connections for Counting {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.count("record");
        self.inner.connections.record(connection, principal, session, replay, now).await
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        self.count("replay");
        self.inner.connections.replay(connection, now).await
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.count("forget");
        self.inner.connections.forget(connection, now).await
    }
}

#[async_trait]
impl Journal for Counting {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        self.count("append");
        self.inner.journal.append(run, segment, writer, now).await
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        self.count("tail");
        self.inner.journal.tail(run, now).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        self.count("read");
        self.inner.journal.read(run, after, now).await
    }
}

#[async_trait]
impl Visibility for Counting {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        self.count("extend");
        self.inner.visibility.extend(receipt, period).await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.count("delete");
        self.inner.visibility.delete(receipt).await
    }
}

#[async_trait]
impl Push for Counting {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        self.count("push");
        self.inner.push.push(connection, text).await
    }
}
