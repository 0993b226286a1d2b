//! A table that counts what its calls cost: in memory, but charged as DynamoDB charges.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, ReplyRun, SessionId};
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Connection, Connections, Refused, ReplyRuns, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, ReplayId, RunKey, Session, SessionKey};
use async_trait::async_trait;

/// A write is charged by the kilobyte of the whole item, a consistent read by four (Amazon DynamoDB, read and write
/// operations).
const WRITE_UNIT_BYTES: usize = 1024;
const READ_UNIT_BYTES: usize = 4 * 1024;

/// An estimate of what an item has besides its key and its content: the attributes' names, the time of expiry, and of a
/// segment also who wrote it.
const ATTRIBUTES_BYTES: usize = 80;

/// In a key stands a principal's digest.
const PRINCIPAL_BYTES: usize = 32;

/// The calls of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) calls: usize,
    pub(crate) write_units: usize,
    pub(crate) read_units: usize,
}

/// All calls of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bill {
    pub(crate) kinds: Vec<(&'static str, Cost)>,
    /// The bytes of all frames.
    pub(crate) frame_bytes: usize,
    /// The last frame of each segment, and the size of its item.
    pub(crate) segments: Vec<(Seq, usize)>,
}

impl Bill {
    /// All kinds together.
    pub(crate) fn total(&self) -> Cost {
        self.kinds.iter().fold(Cost::default(), |sum, (_, cost)| Cost {
            calls: sum.calls + cost.calls,
            write_units: sum.write_units + cost.write_units,
            read_units: sum.read_units + cost.read_units,
        })
    }

    fn write(&mut self, kind: &'static str, bytes: usize) {
        let cost = self.cost(kind);
        cost.calls += 1;
        cost.write_units += units(bytes, WRITE_UNIT_BYTES);
    }

    fn read(&mut self, kind: &'static str, bytes: usize) {
        let cost = self.cost(kind);
        cost.calls += 1;
        cost.read_units += units(bytes, READ_UNIT_BYTES);
    }

    fn cost(&mut self, kind: &'static str) -> &mut Cost {
        let at = self.kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.kinds.push((kind, Cost::default()));
            self.kinds.len() - 1
        });
        &mut self.kinds[at].1
    }
}

/// What is not there is charged as the smallest item.
fn units(bytes: usize, unit: usize) -> usize {
    bytes.div_ceil(unit).max(1)
}

/// The table of one run.
#[derive(Default)]
pub(crate) struct MeteredTable {
    table: MemoryTable,
    journal: MemoryJournal,
    bill: Mutex<Bill>,
}

impl MeteredTable {
    /// What the calls have cost so far.
    pub(crate) fn bill(&self) -> Bill {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Bill> {
        // Nothing under the lock panics half-way through a change.
        self.bill.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sessions for MeteredTable {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        let session = self.table.load(key, now).await?;
        self.lock().read("session, read", session_bytes(key, &session));
        Ok(session)
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        let before = self.table.load(key, now).await?;
        let applied = self.table.apply(key, transition, now).await?;
        let (Ok(after) | Err(Refused { session: after, .. })) = &applied;
        // An update is charged by the larger of the item before and after it, and so is one that is refused.
        let bytes = session_bytes(key, &before).max(session_bytes(key, after));
        self.lock().write(name_of(transition), bytes);
        Ok(applied)
    }
}

#[async_trait]
impl Connections for MeteredTable {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = connection.as_str().len() + session.map_or(0, |session| session.as_str().len());
        self.lock().write("connection, record", ids + principal.as_str().len() + ATTRIBUTES_BYTES);
        self.table.record(connection, principal, session, replay, now).await
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        self.lock().read("connection, read", connection.as_str().len() + ATTRIBUTES_BYTES);
        self.table.replay(connection, now).await
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.lock().write("connection, forget", 0);
        self.table.forget(connection, now).await
    }
}

#[async_trait]
impl ReplyRuns for MeteredTable {
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Result<(), StoreError> {
        self.lock().write("name of a run, record", name_bytes(name, run));
        self.table.name_run(name, run, now).await
    }

    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Result<Option<RunKey>, StoreError> {
        let run = self.table.run_of(name, now).await?;
        self.lock().read("name of a run, read", run.as_ref().map_or(0, |run| name_bytes(name, run)));
        Ok(run)
    }
}

#[async_trait]
impl Journal for MeteredTable {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let appended = self.journal.append(run, segment, writer, now).await?;
        let bytes = segment_bytes(run, segment);
        let mut bill = self.lock();
        bill.write("journal, append", bytes);
        if appended == Appended::Written {
            bill.frame_bytes += segment.bytes();
            bill.segments.push((segment.last(), bytes));
        }
        Ok(appended)
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        let tail = self.journal.tail(run, now).await?;
        let mut bill = self.lock();
        let last = bill.segments.last().map_or(0, |(_, bytes)| *bytes);
        bill.read("journal, tail", last);
        Ok(tail)
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        let frames = self.journal.read(run, after, now).await?;
        let last = frames.last().map_or(0, |frame| frame.seq);
        let mut bill = self.lock();
        // A query is charged by the sum of the items that it reads.
        let read = |(end, _): &&(Seq, usize)| *end > after && *end <= last;
        let bytes = bill.segments.iter().filter(read).map(|(_, bytes)| bytes).sum();
        bill.read("journal, read", bytes);
        Ok(frames)
    }
}

fn name_of(transition: &Transition) -> &'static str {
    match transition {
        Transition::Claim { .. } => "session, claim",
        Transition::Renew { .. } => "session, renew",
        Transition::Finish { .. } => "session, finish",
        Transition::Stop { .. } | Transition::ForgetStop { .. } => "session, stop",
        Transition::DetachRun { .. } => "session, detach the run",
        Transition::Move { .. } => "session, move",
        Transition::Told { .. } => "session, told",
        Transition::BeginStopping { .. } | Transition::Stopped { .. } => "session, stop the agent",
        Transition::Attach { .. } | Transition::MoveCursor { .. } | Transition::Detach { .. } => {
            "session, attach or detach"
        }
    }
}

/// The item's size, estimated by the session's JSON.
fn session_bytes(key: &SessionKey, session: &Session) -> usize {
    let key = "SESSION#".len() + PRINCIPAL_BYTES + "#".len() + key.session.as_str().len() + "-".len();
    key + ATTRIBUTES_BYTES + serde_json::to_vec(session).map_or(0, |json| json.len())
}

fn segment_bytes(run: &RunKey, segment: &Segment) -> usize {
    let (session, request) = (run.session.session.as_str(), run.request.as_str());
    let key = "RUN#".len() + PRINCIPAL_BYTES + "##".len() + session.len() + request.len() + "0000000001".len();
    key + ATTRIBUTES_BYTES + segment.encode().len()
}

fn name_bytes(name: &ReplyRun, RunKey { session, request }: &RunKey) -> usize {
    let ids = session.principal.as_str().len() + session.session.as_str().len() + request.as_str().len();
    "REPLY#-".len() + name.as_str().len() + ids + ATTRIBUTES_BYTES
}
