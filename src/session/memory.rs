//! Sessions and connections in memory, for one process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::store::{Connection, Connections, MAX_RECORDED_SESSIONS, Owners, Refused, ReplyRuns, Sessions, StoreError};
use super::transition::Transition;
use super::{CONNECTION_RETENTION, RETENTION, ReplayId, RunKey, Session, SessionKey};
use crate::clock::Timestamp;
use crate::protocol::ids::{ConnectionId, Principal, ReplyRun, SessionId};

/// So many sessions are kept at most, but for those that have a run: one connection can ask for any number of them.
const MAX_SESSIONS: usize = 100_000;

/// Sessions and connections under one lock each.
#[derive(Debug, Default)]
pub struct MemoryTable {
    sessions: Mutex<Expiring<SessionKey, Session>>,
    connections: Mutex<Expiring<ConnectionId, Connection>>,
    reply_runs: Mutex<Expiring<ReplyRun, RunKey>>,
}

#[async_trait]
impl Sessions for MemoryTable {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        Ok(lock(&self.sessions).get(key, now).cloned().unwrap_or_default())
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        let mut sessions = lock(&self.sessions);
        if sessions.0.len() >= MAX_SESSIONS && !sessions.0.contains_key(key) {
            sessions.make_room(|session| session.active.is_none());
        }
        let (expires_at, session) = sessions.entry(key, now, RETENTION, Session::default);
        if let Err(refusal) = transition.check(session, now) {
            return Ok(Err(Refused { refusal, session: session.clone() }));
        }
        transition.change(session, now);
        *expires_at = now.after(RETENTION);
        Ok(Ok(session.clone()))
    }
}

#[async_trait]
impl Connections for MemoryTable {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut connections = lock(&self.connections);
        let (expires_at, record) = connections.entry(connection, now, CONNECTION_RETENTION, || Connection {
            principal: principal.clone(),
            sessions: Vec::new(),
            replay: None,
        });
        *expires_at = now.after(CONNECTION_RETENTION);
        if let Some(replay) = replay {
            record.replay = Some(replay.clone());
        }
        if let Some(session) = session
            && !record.sessions.contains(session)
            && record.sessions.len() < MAX_RECORDED_SESSIONS
        {
            record.sessions.push(session.clone());
        }
        Ok(())
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        Ok(lock(&self.connections).get(connection, now).and_then(|record| record.replay.clone()))
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        Ok(lock(&self.connections).remove(connection, now))
    }
}

#[async_trait]
impl Owners for MemoryTable {
    async fn owner(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Principal>, StoreError> {
        Ok(lock(&self.connections).get(connection, now).map(|record| record.principal.clone()))
    }
}

#[async_trait]
impl ReplyRuns for MemoryTable {
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Result<(), StoreError> {
        lock(&self.reply_runs).entry(name, now, RETENTION, || run.clone());
        Ok(())
    }

    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Result<Option<RunKey>, StoreError> {
        Ok(lock(&self.reply_runs).get(name, now).cloned())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No transition panics half-way: they are plain assignments, so a poisoned lock guards sound data.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A map whose entries expire, checked on every read and swept before the map grows.
#[derive(Debug)]
struct Expiring<K, V>(HashMap<K, (Timestamp, V)>);

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash, V> Expiring<K, V> {
    fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        self.0.get(key).filter(|entry| is_kept(entry, now)).map(|(_, value)| value)
    }

    /// The entry and its expiry; one that does not exist, or no longer, is made and lives `lifetime`.
    fn entry(&mut self, key: &K, now: Timestamp, lifetime: Duration, make: impl Fn() -> V) -> &mut (Timestamp, V) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, entry| is_kept(entry, now));
            // The next sweep has to be worth it, and a crowd that has gone takes no memory.
            self.0.shrink_to_fit();
            self.0.reserve(self.0.len());
        }
        let new = || (now.after(lifetime), make());
        let entry = self.0.entry(key.clone()).or_insert_with(new);
        if !is_kept(entry, now) {
            *entry = new();
        }
        entry
    }

    /// Drops a quarter of what `is_spare`: that which would expire first.
    fn make_room(&mut self, is_spare: impl Fn(&V) -> bool) {
        let spare = self.0.values().filter(|(_, value)| is_spare(value));
        let mut ends: Vec<Timestamp> = spare.map(|(expires_at, _)| *expires_at).collect();
        let quarter = ends.len() / 4;
        if quarter < ends.len() {
            let last = *ends.select_nth_unstable(quarter).1;
            self.0.retain(|_, (expires_at, value)| *expires_at > last || !is_spare(value));
        }
    }

    fn remove(&mut self, key: &K, now: Timestamp) -> Option<V> {
        self.0.remove(key).filter(|entry| is_kept(entry, now)).map(|(_, value)| value)
    }
}

fn is_kept<V>((expires_at, _): &(Timestamp, V), now: Timestamp) -> bool {
    *expires_at > now
}
