//! What is done to a session: every transition, in any order, by a few workers, connections and requests.

use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::{AgentName, ReplyRun};
use agentcore_gateway::protocol::reply::TokenHash;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{
    Attachment, Cursor, Detached, Latest, LeaseId, ReplayId, ReplyGrant, Unstopped, Untold,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::{LEASE, NAMES, SECOND, connection, request};

/// Stands for the moment at which a connection was attached.
pub const FRESH: Timestamp = Timestamp(0);

#[derive(Debug, Clone)]
pub enum Step {
    /// One transition after the other; a lease is given from now on.
    Try(Vec<Transition>),
    Pass(Duration),
    /// Nobody uses the session until just before it is forgotten, or until just after.
    Leave {
        too_long: bool,
    },
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

/// What workers, connections and time do to a session, one thing after the other.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
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
