//! The session aggregate against a model, over random interleavings of what workers, connections and time do.
//!
//! The model is the history: all that a store accepted. What a session is at any moment, and what it must accept
//! next, is derived from that; nothing here knows how the transitions are written. A store is put through it by one call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, ReplyRun, RequestId, SessionId};
use agentcore_gateway::protocol::reply::TokenHash;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::{Refusal, Transition};
use agentcore_gateway::session::{
    Active, Attachment, Cursor, Detached, Latest, LeaseId, ReplayId, ReplyGrant, Session, SessionKey, Unstopped, Untold,
};
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Runtime;

const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);
const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 32;
const STOPS: usize = 16;

/// What the session accepted, in order, and when.
#[derive(Default)]
struct History(Vec<(Timestamp, Transition)>);

impl History {
    /// What was accepted behind the last transition that `is_end`, or all.
    fn behind(&self, is_end: impl Fn(&Transition) -> bool) -> &[(Timestamp, Transition)] {
        let end = self.0.iter().rposition(|(_, transition)| is_end(transition));
        &self.0[end.map_or(0, |at| at + 1)..]
    }

    /// Who claimed last, unless it was finished; until when: as the claim says, or the last renewal.
    fn holder(&self) -> Option<Active> {
        let open = self.behind(|transition| matches!(transition, Transition::Finish { .. }));
        open.iter().fold(None, |holder: Option<Active>, (at, transition)| match (transition, holder) {
            (Transition::Claim { request, lease, until, agent, reply, .. }, _) => Some(Active {
                request: request.clone(),
                lease: lease.clone(),
                lease_until: *until,
                started_at: *at,
                agent: Some(agent.clone()),
                reply: reply.clone(),
                detached: None,
            }),
            (Transition::Renew { until, .. }, Some(holder)) => Some(Active { lease_until: *until, ..holder }),
            (
                Transition::DetachRun { detached, until, .. } | Transition::Move { to: detached, until, .. },
                Some(holder),
            ) => Some(Active { lease_until: *until, detached: Some(*detached), ..holder }),
            (_, holder) => holder,
        })
    }

    /// What finished last.
    fn latest(&self) -> Option<Latest> {
        self.0.iter().rev().find_map(|(_, transition)| match transition {
            Transition::Finish { latest, .. } => Some(latest.clone()),
            _ => None,
        })
    }

    /// The detached run that finished last, unless its ending was told since.
    fn untold(&self) -> Option<Untold> {
        self.0.iter().fold(None, |untold, (_, transition)| match transition {
            Transition::Finish { untold: Some(untold), .. } => Some(untold.clone()),
            Transition::Told { .. } => None,
            _ => untold,
        })
    }

    /// The agent that the run that finished last has left at work, unless it was stopped since, or a run began.
    fn unstopped(&self) -> Option<Unstopped> {
        self.0.iter().fold(None, |unstopped: Option<Unstopped>, (_, transition)| match (transition, unstopped) {
            (Transition::Finish { unstopped, .. }, _) => unstopped.clone(),
            (Transition::Claim { .. } | Transition::Stopped { .. }, _) => None,
            (Transition::BeginStopping { stopper, until, .. }, Some(unstopped)) => {
                Some(Unstopped { stopper: Some((stopper.clone(), *until)), ..unstopped })
            }
            (_, unstopped) => unstopped,
        })
    }

    /// Since when `request` is to stop, unless it has finished since, or the stop was forgotten.
    fn stop(&self, request: &RequestId) -> Option<Timestamp> {
        let open = self.behind(|transition| match transition {
            Transition::Finish { request: over, .. } | Transition::ForgetStop { request: over } => over == request,
            _ => false,
        });
        let mut stops = open.iter().filter(|(_, it)| matches!(it, Transition::Stop { request: to } if to == request));
        stops.next().map(|(at, _)| *at)
    }

    /// Since when `connection` is attached, unless it was detached since; with the last cursor that it brought.
    fn attachment(&self, connection: &ConnectionId) -> Option<Attachment> {
        let open = self.behind(|it| matches!(it, Transition::Detach { connection: gone, .. } if gone == connection));
        let concerns = |transition: &Transition| match transition {
            Transition::Claim { connection: it, .. }
            | Transition::Attach { connection: it, .. }
            | Transition::MoveCursor { connection: it, .. } => it == connection,
            _ => false,
        };
        let own: Vec<_> = open.iter().filter(|(_, transition)| concerns(transition)).collect();
        let (first, _) = own.first()?;
        let coming = own.iter().rev().find(|(_, transition)| matches!(transition, Transition::Attach { .. }));
        let attached_at = coming.map_or(*first, |(at, _)| *at);
        let cursor = own.iter().rev().find_map(|(_, transition)| match transition {
            Transition::Attach { cursor, .. } if *cursor != Cursor::Live => Some(cursor.clone()),
            Transition::MoveCursor { to, .. } => Some(to.clone()),
            _ => None,
        });
        Some(Attachment { cursor: cursor.unwrap_or(Cursor::Live), attached_at })
    }

    fn session(&self) -> Session {
        let (mut connections, mut stops) = (BTreeMap::new(), BTreeMap::new());
        for name in 0..NAMES {
            connections.extend(self.attachment(&connection(name)).map(|found| (connection(name), found)));
            stops.extend(self.stop(&request(name)).map(|since| (request(name), since)));
        }
        Session {
            connections,
            active: self.holder(),
            latest: self.latest(),
            untold: self.untold(),
            unstopped: self.unstopped(),
            stops,
        }
    }

    /// Whether a session with this history has to refuse `transition`, and why.
    fn refusal(&self, session: &Session, transition: &Transition, now: Timestamp) -> Option<Refusal> {
        let is_stranger = |connection| self.attachment(connection).is_none();
        let no_room = |connection| is_stranger(connection) && session.connections.len() == CONNECTIONS;
        match transition {
            Transition::Claim { connection, .. } => match self.holder() {
                Some(_) => Some(Refusal::Occupied),
                None if self.unstopped().is_some_and(|unstopped| is_in_the_way(&unstopped, now)) => {
                    Some(Refusal::Unstopped)
                }
                None => no_room(connection).then_some(Refusal::TooManyConnections),
            },
            Transition::Attach { connection, .. } => no_room(connection).then_some(Refusal::TooManyConnections),
            Transition::Renew { lease, .. } => {
                let is_holder = self.holder().is_some_and(|holder| holder.lease == *lease);
                (!is_holder).then_some(Refusal::LeaseLost)
            }
            Transition::Finish { request, lease, .. } => {
                let holder = self.holder().filter(|holder| holder.request == *request);
                let may_end = holder.is_some_and(|holder| {
                    holder.lease == *lease || holder.detached.is_some() || now > holder.lease_until
                });
                (!may_end).then_some(Refusal::LeaseLost)
            }
            Transition::Stop { request } => {
                let no_room = self.stop(request).is_none() && session.stops.len() == STOPS;
                no_room.then_some(Refusal::TooManyStops)
            }
            Transition::DetachRun { request, lease, .. } => {
                let holder = self.holder().filter(|holder| holder.request == *request && holder.lease == *lease);
                match holder {
                    Some(Active { detached: None, .. }) => self.stop(request).map(|_| Refusal::ToStop),
                    _ => Some(Refusal::LeaseLost),
                }
            }
            Transition::Move { run, from, .. } => {
                let holder =
                    self.holder().filter(|holder| holder.reply.as_ref().is_some_and(|reply| reply.run == *run));
                let is = holder.and_then(|holder| holder.detached).map(|is| (is.next.index, is.last_seq));
                (is != Some((from.next.index, from.last_seq))).then_some(Refusal::Moved)
            }
            Transition::Told { untold } => (self.untold().as_ref() != Some(untold)).then_some(Refusal::Moved),
            Transition::BeginStopping { run, stopper, .. } => match self.unstopped() {
                Some(unstopped) if unstopped.reply.run == *run => {
                    let is_free = unstopped.stopper.as_ref().is_none_or(|(by, until)| by == stopper || now > *until);
                    let refusal = if is_in_the_way(&unstopped, now) { Refusal::Unstopped } else { Refusal::Moved };
                    (now > unstopped.until || !is_free).then_some(refusal)
                }
                _ => Some(Refusal::Moved),
            },
            Transition::Stopped { run, stopper } => {
                let unstopped = self.unstopped().filter(|unstopped| unstopped.reply.run == *run);
                let by = unstopped.and_then(|unstopped| unstopped.stopper).map(|(by, _)| by);
                (by.as_ref() != Some(stopper)).then_some(Refusal::Moved)
            }
            Transition::MoveCursor { connection, from, attached_at, all_of, .. } => {
                let attachment = self.attachment(connection).filter(|attachment| attachment.cursor == *from);
                let stands = attachment.is_some_and(|is| attached_at.is_none_or(|at| at == is.attached_at));
                let holder = self.holder();
                let is_behind = all_of.as_ref().zip(holder).is_some_and(|((request, seq), holder)| {
                    holder.request == *request && holder.detached.is_some_and(|detached| detached.last_seq > *seq)
                });
                if stands { is_behind.then_some(Refusal::Moved) } else { Some(Refusal::Reattached) }
            }
            Transition::Detach { connection, seen: Some(seen) } => {
                (self.attachment(connection).as_ref() != Some(seen)).then_some(Refusal::Reattached)
            }
            Transition::ForgetStop { .. } | Transition::Detach { seen: None, .. } => None,
        }
    }

    /// What holds of every history, however it came about.
    fn keeps_the_invariants(&self) {
        let (mut holder, mut unstopped): (Option<Holder<'_>>, Option<Unstopped>) = (None, None);
        let mut connections = BTreeSet::new();
        for (at, transition) in &self.0 {
            match (transition, holder) {
                (Transition::Claim { request, lease, until, connection, .. }, None) => {
                    let in_the_way = unstopped.take().filter(|unstopped| is_in_the_way(unstopped, *at));
                    assert_eq!(in_the_way, None, "{transition:?} would meet an agent that is still at work");
                    holder = Some(Holder { request, lease, until: *until, is_detached: false });
                    connections.insert(connection);
                }
                (Transition::Claim { .. }, Some(holder)) => panic!("{transition:?} took the session of {holder:?}"),
                (Transition::Renew { lease, until }, Some(owner)) if lease == owner.lease => {
                    holder = Some(Holder { until: *until, ..owner });
                }
                (Transition::DetachRun { request, lease, until, .. }, Some(owner))
                    if (request, lease, false) == (owner.request, owner.lease, owner.is_detached) =>
                {
                    holder = Some(Holder { until: *until, is_detached: true, ..owner });
                }
                (Transition::Move { until, .. }, Some(owner)) if owner.is_detached => {
                    holder = Some(Holder { until: *until, ..owner });
                }
                (Transition::Finish { request, lease, unstopped: left, .. }, Some(owner))
                    if request == owner.request && (lease == owner.lease || owner.is_detached || *at > owner.until) =>
                {
                    (holder, unstopped) = (None, left.clone());
                }
                (Transition::BeginStopping { stopper, until, .. }, None) => {
                    let unstopped = unstopped.as_mut().expect("there is an agent to stop");
                    unstopped.stopper = Some((stopper.clone(), *until));
                }
                (Transition::Stopped { .. }, None) => unstopped = None,
                (Transition::Told { .. }, _) => {}
                (Transition::Attach { connection, .. }, _) => _ = connections.insert(connection),
                (Transition::Detach { connection, .. }, _) => _ = connections.remove(connection),
                (Transition::MoveCursor { connection, .. }, _) => assert!(connections.contains(connection)),
                (Transition::Stop { .. } | Transition::ForgetStop { .. }, _) => {}
                (_, holder) => panic!("{transition:?} while {holder:?} had the session"),
            }
            assert!(connections.len() <= CONNECTIONS, "{} connections", connections.len());
        }
    }
}

/// Whose the session is.
#[derive(Debug, Clone, Copy)]
struct Holder<'a> {
    request: &'a RequestId,
    lease: &'a LeaseId,
    until: Timestamp,
    is_detached: bool,
}

/// Whether a run that begins now could meet the agent of the one before, or the stop that is meant for that.
fn is_in_the_way(unstopped: &Unstopped, now: Timestamp) -> bool {
    now <= unstopped.until || unstopped.stopper.as_ref().is_some_and(|(_, until)| now <= *until)
}

/// So many different names of connections and of requests: more than there is room for.
const NAMES: usize = 36;

fn connection(name: usize) -> ConnectionId {
    ConnectionId::parse(format!("c{name}=")).unwrap()
}

fn request(name: usize) -> RequestId {
    RequestId::parse(format!("r{name}")).unwrap()
}

fn lease(worker: usize) -> LeaseId {
    LeaseId(format!("worker-{worker}"))
}

fn agent() -> AgentName {
    AgentName::parse("researcher").unwrap()
}

/// By what the messages of the agent of `request(name)` are known.
fn grant(name: usize) -> ReplyGrant {
    ReplyGrant { run: ReplyRun::new(name as u128), token: TokenHash(format!("token-{name}")) }
}

/// How far a detached run is that begins behind frame `seq`.
fn beginning(seq: u64) -> Detached {
    Detached::beginning(seq, 10 * seq)
}

/// Stands for the moment at which a connection was attached.
const FRESH: Timestamp = Timestamp(0);

#[derive(Debug, Clone)]
enum Step {
    /// One transition after the other; a lease is given from now on.
    Try(Vec<Transition>),
    Pass(Duration),
    /// Nobody uses the session until just before it is forgotten, or until just after.
    Leave {
        too_long: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (worker, name, few) = (0..3_usize, 0..NAMES, 0..3_usize);
    let until = Timestamp(0);
    let cursor = prop_oneof![
        3 => Just(Cursor::Live),
        1 => Just(Cursor::Connecting),
        2 => (few.clone(), 0..2).prop_map(|(name, replay)| Cursor::Held {
            request: request(name),
            replay: ReplayId(format!("replay-{replay}")),
            after: 0,
        }),
        1 => (few.clone(), 0..9_u64).prop_map(|(name, seq)| Cursor::after(&request(name), seq)),
    ];
    // Looked up when its turn comes, but for one moment too early now and then.
    let seen = (cursor.clone(), select(vec![FRESH, Timestamp(1)]))
        .prop_map(|(cursor, attached_at)| Attachment { cursor, attached_at });
    let attached_at = select(vec![None, Some(FRESH), Some(Timestamp(1))]);
    let all_of = proptest::option::of((few.clone(), 0..4_u64).prop_map(|(name, seq)| (request(name), seq)));
    let attach = |name, cursor| Transition::Attach { connection: connection(name), cursor };
    let stop = |name| Transition::Stop { request: request(name) };
    let claim = move |(worker, name, asking)| {
        let (lease, connection, reply) = (lease(worker), connection(asking), Some(grant(name)));
        Transition::Claim { request: request(name), lease, until, connection, agent: agent(), reply }
    };
    let finish = move |(worker, name, outcome, last_seq, goes_on): (_, _, _, _, bool)| {
        let (request, lease) = (request(name), lease(worker));
        let latest = Latest { request: request.clone(), outcome, last_seq };
        let untold = goes_on.then(|| Untold { request: request.clone(), last_seq, live_from: 1 });
        let unstopped = goes_on.then(|| Unstopped { agent: agent(), reply: grant(name), until, stopper: None });
        Transition::Finish { request, lease, latest, untold, unstopped }
    };
    let detach_run = move |(worker, name, seq)| {
        let (request, lease) = (request(name), lease(worker));
        Transition::DetachRun { request, lease, detached: beginning(seq), until }
    };
    let move_run = move |(name, from, to)| Transition::Move {
        run: grant(name).run,
        from: beginning(from),
        to: beginning(to),
        until,
    };
    let begin_stopping =
        move |(worker, name)| Transition::BeginStopping { run: grant(name).run, stopper: lease(worker), until };
    let told =
        |(name, last_seq)| Transition::Told { untold: Untold { request: request(name), last_seq, live_from: 1 } };
    let outcome = select(vec![Outcome::Completed, Outcome::Failed, Outcome::Stopped]);
    let stopped = |(worker, name)| Transition::Stopped { run: grant(name).run, stopper: lease(worker) };
    let detaching = prop_oneof![
        4 => (worker.clone(), few.clone(), 0..4_u64).prop_map(detach_run),
        3 => (few.clone(), 0..4_u64, 0..4_u64).prop_map(move_run),
        2 => (worker.clone(), few.clone()).prop_map(begin_stopping),
        2 => (worker.clone(), few.clone()).prop_map(stopped),
        2 => (few.clone(), 1..9_u64).prop_map(told),
    ];
    let known = prop_oneof![few.clone(), name.clone()];
    let transition = prop_oneof![
        8 => (worker.clone(), few.clone(), name).prop_map(claim),
        4 => worker.clone().prop_map(move |worker| Transition::Renew { lease: lease(worker), until }),
        12 => (worker, few.clone(), outcome, 1..9_u64, any::<bool>()).prop_map(finish),
        11 => detaching,
        6 => known.clone().prop_map(stop),
        3 => known.clone().prop_map(|name| Transition::ForgetStop { request: request(name) }),
        8 => (known.clone(), cursor.clone()).prop_map(move |(name, cursor)| attach(name, cursor)),
        6 => (few, cursor.clone(), cursor, attached_at, all_of).prop_map(|(name, from, to, attached_at, all_of)| {
            Transition::MoveCursor { connection: connection(name), from, attached_at, all_of, to }
        }),
        4 => known.clone().prop_map(|name| Transition::Detach { connection: connection(name), seen: None }),
        4 => (known, seen).prop_map(|(name, seen)| Transition::Detach { connection: connection(name), seen: Some(seen) }),
    ];
    let crowd = (0..NAMES).map(|name| attach(name, Cursor::Live)).collect::<Vec<_>>();
    let step = prop_oneof![
        45 => transition.prop_map(|transition| Step::Try(vec![transition])),
        2 => Just(Step::Try(crowd)),
        2 => Just(Step::Try((0..NAMES).map(stop).collect())),
        12 => select(vec![SECOND, LEASE / 3, LEASE, LEASE + SECOND]).prop_map(Step::Pass),
        2 => any::<bool>().prop_map(|too_long| Step::Leave { too_long }),
    ];
    proptest::collection::vec(step, 1..80)
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
        assert!(self.session.connections.len() <= CONNECTIONS && self.session.stops.len() <= STOPS);
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
