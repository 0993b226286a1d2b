//! The session aggregate against a model, over random interleavings of what workers, connections and time do.
//!
//! The model is the history: all that a store accepted. What a session is at any moment, and what it must accept
//! next, is derived from that; nothing here knows how the transitions are written. A store is put through it by one call.

mod history;
mod steps;

use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, RequestId, SessionId};
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Session, SessionKey, Unstopped};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use history::History;
use steps::{FRESH, Step, steps};

const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);
const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 32;
const STOPS: usize = 16;

/// So many different names of connections and of requests: more than there is room for.
const NAMES: usize = 36;

fn connection(name: usize) -> ConnectionId {
    ConnectionId::parse(format!("c{name}=")).unwrap()
}

fn request(name: usize) -> RequestId {
    RequestId::parse(format!("r{name}")).unwrap()
}

/// One session of a store, and what the model makes of it.
struct Walk<'a> {
    store: &'a dyn Sessions,
    key: SessionKey,
    history: History,
    session: Session,
    now: Timestamp,
}

impl Walk<'_> {
    async fn take(&mut self, step: Step) {
        // A refused write may count as use of the session; an accepted one does.
        let touch = Transition::Detach { connection: ConnectionId::parse("nobody").unwrap(), seen: None };
        match step {
            Step::Try(transitions) => {
                for transition in transitions {
                    self.apply(transition).await;
                }
            }
            Step::Pass(time) => self.now = self.now.after(time),
            Step::Leave { too_long: false } => {
                self.apply(touch.clone()).await;
                self.now = self.now.after(RETENTION - SECOND);
                self.apply(touch).await;
            }
            Step::Leave { too_long: true } => {
                self.now = self.now.after(RETENTION + SECOND);
                self.history.keeps_the_invariants();
                (self.history, self.session) = (History::default(), Session::default());
            }
        }
        assert_eq!(self.store.load(&self.key, self.now).await.unwrap(), self.session);
    }

    async fn apply(&mut self, mut transition: Transition) {
        if let Transition::Claim { until, .. }
        | Transition::Renew { until, .. }
        | Transition::DetachRun { until, .. }
        | Transition::Move { until, .. }
        | Transition::BeginStopping { until, .. }
        | Transition::Finish { unstopped: Some(Unstopped { until, .. }), .. } = &mut transition
        {
            *until = self.now.after(LEASE);
        }
        if let Transition::Told { untold } = &mut transition
            && untold.last_seq > 3
            && let Some(found) = self.session.untold.clone()
        {
            *untold = found;
        }
        if let Transition::MoveCursor { connection, attached_at: Some(at), .. } = &mut transition
            && *at == FRESH
            && let Some(found) = self.session.connections.get(connection)
        {
            *at = found.attached_at;
        }
        if let Transition::Detach { connection, seen: Some(seen) } = &mut transition
            && seen.attached_at == FRESH
            && let Some(found) = self.session.connections.get(connection)
        {
            *seen = found.clone();
        }
        let expected = self.history.refusal(&self.session, &transition, self.now);
        let answer = self.store.apply(&self.key, &transition, self.now).await.unwrap();
        assert_eq!(answer.as_ref().err().map(|refused| &refused.refusal), expected.as_ref(), "{transition:?}");
        if expected.is_none() {
            self.history.0.push((self.now, transition));
            self.session = self.history.session();
        }
        assert_eq!(answer.unwrap_or_else(|refused| refused.session), self.session);
        assert!(self.session.connections.len() <= CONNECTIONS && self.session.stops.len() <= STOPS + 1);
    }
}

/// Walks through sessions of `store` that nobody else uses.
pub fn suite(runtime: &Runtime, store: &dyn Sessions, cases: u32) {
    let number = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(cases), |(steps in steps())| {
        number.set(number.get() + 1);
        let session = SessionId::parse(format!("walk-{}", number.get())).unwrap();
        let key = SessionKey { principal: Principal::parse("walker").unwrap(), session };
        let (history, session, now) = (History::default(), Session::default(), Timestamp(1_790_000_000_000));
        let mut walk = Walk { store, key, history, session, now };
        runtime.block_on(async {
            for step in steps {
                walk.take(step).await;
            }
        });
        walk.history.keeps_the_invariants();
    });
}

#[test]
fn the_table_in_memory_agrees_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    suite(&runtime, &MemoryTable::default(), 256);
}
