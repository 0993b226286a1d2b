//! Reads and writes of the table, and how long they take.

use std::sync::Arc;

use ::metrics::{Counter, Histogram};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{TABLE_DURATION, TABLE_ERRORS};
use crate::clock::Timestamp;
use crate::journal::{Appended, Journal, Segment, Tail};
use crate::protocol::frame::{Frame, Seq};
use crate::protocol::ids::{ConnectionId, Principal, ReplyRun, SessionId};
use crate::session::store::{Connection, Connections, Owners, Refused, ReplyRuns, Sessions, StoreError};
use crate::session::transition::Transition;
use crate::session::{LeaseId, ReplayId, RunKey, Session, SessionKey};

/// A table that is measured.
pub struct MeasuredTable<T> {
    table: T,
    read: Histogram,
    write: Histogram,
    throttled: Counter,
    unavailable: Counter,
}

type Stored<T> = Result<T, StoreError>;

impl<T> MeasuredTable<T> {
    /// The same table, with how long each read and write takes and what fails.
    #[must_use]
    pub fn new(table: T) -> Self {
        let [read, write] = ["read", "write"].map(|operation| TABLE_DURATION.durations(&[operation]));
        let [throttled, unavailable] = ["throttled", "unavailable"].map(|reason| TABLE_ERRORS.counter(&[reason]));
        Self { table, read, write, throttled, unavailable }
    }

    async fn timed<V>(&self, duration: &Histogram, request: impl Future<Output = Stored<V>>) -> Stored<V> {
        let began = Instant::now();
        let answer = request.await;
        duration.record(began.elapsed());
        match &answer {
            Ok(_) => {}
            Err(StoreError::Throttled) => self.throttled.increment(1),
            Err(StoreError::Unavailable(_)) => self.unavailable.increment(1),
        }
        answer
    }
}

#[async_trait]
impl<T: Sessions> Sessions for MeasuredTable<T> {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Stored<Session> {
        self.timed(&self.read, self.table.load(key, now)).await
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Stored<Result<Session, Refused>> {
        self.timed(&self.write, self.table.apply(key, transition, now)).await
    }
}

#[async_trait]
impl<T: Owners> Owners for MeasuredTable<T> {
    async fn owner(&self, connection: &ConnectionId, now: Timestamp) -> Stored<Option<Principal>> {
        self.timed(&self.read, self.table.owner(connection, now)).await
    }
}

#[async_trait]
impl<T: Connections> Connections for MeasuredTable<T> {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Stored<()> {
        self.timed(&self.write, self.table.record(connection, principal, session, replay, now)).await
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Stored<Option<ReplayId>> {
        self.timed(&self.read, self.table.replay(connection, now)).await
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Stored<Option<Connection>> {
        self.timed(&self.write, self.table.forget(connection, now)).await
    }
}

#[async_trait]
impl<T: ReplyRuns> ReplyRuns for MeasuredTable<T> {
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Stored<()> {
        self.timed(&self.write, self.table.name_run(name, run, now)).await
    }

    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Stored<Option<RunKey>> {
        self.timed(&self.read, self.table.run_of(name, now)).await
    }
}

#[async_trait]
impl<T: Journal> Journal for MeasuredTable<T> {
    async fn append(&self, run: &RunKey, segment: &Segment, writer: &LeaseId, now: Timestamp) -> Stored<Appended> {
        self.timed(&self.write, self.table.append(run, segment, writer, now)).await
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Stored<Option<Tail>> {
        self.timed(&self.read, self.table.tail(run, now)).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Stored<Vec<Arc<Frame>>> {
        self.timed(&self.read, self.table.read(run, after, now)).await
    }
}
