//! The transitions of runs whose agents go on by themselves.

use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Cursor, DETACHED_LEASE, Detached, Latest, MoveBegan, NextMessage, Unstopped, Untold};
use serde_json::{Value, json};

use super::transitions::{HELD, MAY_FINISH, assert_sends, held, update};
use super::{NOW, RUN, connection, grant, lease, request};

/// The run with so many messages and frames, whose last move began two messages and five frames before.
fn detached(index: u64, last_seq: u64) -> Detached {
    let next = NextMessage { index, frames: 1, bytes: 700 };
    Detached { next, last_seq, move_began: MoveBegan { index: index - 2, seq: last_seq - 5 } }
}

/// As it is stored.
fn stored(detached: &Detached) -> Value {
    let number = |value: u64| json!({"N": value.to_string()});
    json!({"M": {
        "next_index": number(detached.next.index), "next_frames": {"N": "1"}, "next_bytes": {"N": "700"},
        "last_seq": number(detached.last_seq),
        "began_index": number(detached.move_began.index), "began_seq": number(detached.move_began.seq),
    }})
}

const MOVED: &str = "SET #expires_at = :expires_at, #active.#detached = :detached, #active.#lease_until = :until";

#[tokio::test]
async fn a_worker_detaches_its_own_run_once_and_not_one_that_is_to_stop() {
    let detached = detached(2, 7);
    let (request, lease) = (request(), lease());
    let detach = Transition::DetachRun { request, lease, detached, until: NOW.after(DETACHED_LEASE) };
    let expected = update(
        MOVED,
        &[
            "(#active.#request = :request)",
            "(#active.#lease = :lease)",
            "(attribute_not_exists(#active.#detached))",
            "(attribute_not_exists(#stop))",
        ],
        &json!({
            "#active": "active", "#lease": "lease", "#lease_until": "lease_until", "#request": "request",
            "#detached": "detached", "#stop": "stop#r-1",
        }),
        &json!({
            ":request": {"S": "r-1"}, ":lease": {"S": "lease-1"}, ":detached": stored(&detached),
            ":until": {"N": "1790000300500"},
        }),
    );
    assert_sends(detach, expected).await;
}

#[tokio::test]
async fn a_run_is_moved_on_from_where_it_was_seen_and_from_nowhere_else() {
    let (from, to) = (detached(2, 7), detached(5, 19));
    let run = grant().run;
    let moved = Transition::Move { run, from, to, until: NOW.after(DETACHED_LEASE) };
    let expected = update(
        MOVED,
        &[
            "(#active.#reply.#run = :run)",
            "(#active.#detached.#next_index = :from_index)",
            "(#active.#detached.#last_seq = :from_seq)",
        ],
        &json!({
            "#active": "active", "#lease_until": "lease_until", "#detached": "detached", "#reply": "reply",
            "#run": "run", "#next_index": "next_index", "#last_seq": "last_seq",
        }),
        &json!({
            ":run": {"S": RUN}, ":from_index": {"N": "2"}, ":from_seq": {"N": "7"}, ":detached": stored(&to),
            ":until": {"N": "1790000300500"},
        }),
    );
    assert_sends(moved, expected).await;
}

fn untold() -> Untold {
    Untold { request: request(), last_seq: 9, live_from: 4 }
}

#[tokio::test]
async fn a_run_that_ends_without_its_agent_leaves_it_to_be_stopped() {
    let unstopped = Unstopped {
        agent: AgentName::default_agent(),
        reply: grant(),
        until: NOW.after(DETACHED_LEASE),
        stopper: None,
    };
    let latest = Latest { request: request(), outcome: Outcome::Stopped, last_seq: 9 };
    let (untold, unstopped) = (Some(untold()), Some(unstopped));
    let finish = Transition::Finish { request: request(), lease: lease(), latest, untold, unstopped };
    let expected = update(
        "SET #expires_at = :expires_at, #latest = :latest, #untold = :untold, #unstopped = :unstopped REMOVE #active, #stop DELETE #stops :stops",
        &["(#active.#request = :request)", MAY_FINISH],
        &json!({
            "#active": "active", "#lease": "lease", "#lease_until": "lease_until", "#request": "request",
            "#detached": "detached", "#latest": "latest", "#stop": "stop#r-1", "#stops": "stops",
            "#unstopped": "unstopped", "#untold": "untold",
        }),
        &json!({
            ":request": {"S": "r-1"}, ":lease": {"S": "lease-1"}, ":now": {"N": "1790000000500"},
            ":latest": {"S": r#"{"request":"r-1","outcome":"stopped","last_seq":9}"#},
            ":untold": {"S": r#"{"request":"r-1","last_seq":9,"live_from":4}"#},
            ":stops": {"SS": ["r-1"]},
            ":unstopped": {"M": {
                "agent": {"S": "default"}, "until": {"N": "1790000300500"},
                "reply": {"M": {"run": {"S": RUN}, "token": {"S": "hash"}}},
            }},
        }),
    );
    assert_sends(finish, expected).await;
}

#[tokio::test]
async fn an_ending_is_told_once() {
    let expected = update(
        "SET #expires_at = :expires_at REMOVE #untold",
        &["(#untold = :seen)"],
        &json!({"#untold": "untold"}),
        &json!({":seen": {"S": r#"{"request":"r-1","last_seq":9,"live_from":4}"#}}),
    );
    assert_sends(Transition::Told { untold: untold() }, expected).await;
}

#[tokio::test]
async fn one_at_a_time_stops_an_agent() {
    let stopping = Transition::BeginStopping { run: grant().run, stopper: lease(), until: NOW };
    let expected = update(
        "SET #expires_at = :expires_at, #unstopped.#stopper = :stopper, #unstopped.#stopper_until = :until",
        &[
            "(#unstopped.#reply.#run = :run)",
            "(#unstopped.#until >= :now)",
            "(attribute_not_exists(#unstopped.#stopper) OR #unstopped.#stopper = :stopper OR #unstopped.#stopper_until < :now)",
        ],
        &json!({
            "#unstopped": "unstopped", "#reply": "reply", "#run": "run", "#stopper": "stopper",
            "#stopper_until": "stopper_until", "#until": "until",
        }),
        &json!({
            ":run": {"S": RUN}, ":stopper": {"S": "lease-1"}, ":now": {"N": "1790000000500"},
            ":until": {"N": "1790000000500"},
        }),
    );
    assert_sends(stopping, expected).await;
}

#[tokio::test]
async fn whoever_has_stopped_an_agent_says_so_unless_another_is_at_it() {
    let stopped = Transition::Stopped { run: grant().run, stopper: lease() };
    let expected = update(
        "SET #expires_at = :expires_at REMOVE #unstopped",
        &["(#unstopped.#reply.#run = :run)", "(#unstopped.#stopper = :stopper)"],
        &json!({"#unstopped": "unstopped", "#reply": "reply", "#run": "run", "#stopper": "stopper"}),
        &json!({":run": {"S": RUN}, ":stopper": {"S": "lease-1"}}),
    );
    assert_sends(stopped, expected).await;
}

#[tokio::test]
async fn a_cursor_moves_only_where_it_was_seen_and_has_all_of_the_run() {
    let expected = update(
        "SET #expires_at = :expires_at, #cursor = :cursor",
        &[
            "(#cursor = :seen_cursor)",
            "(#attached = :seen_at)",
            "(attribute_not_exists(#active.#detached) OR #active.#request <> :request OR #active.#detached.#last_seq <= :seq)",
        ],
        &json!({
            "#attached": "attached#L0SM9cOFvHcCIhw=", "#cursor": "cursor#L0SM9cOFvHcCIhw=", "#active": "active",
            "#request": "request", "#detached": "detached", "#last_seq": "last_seq",
        }),
        &json!({
            ":seen_cursor": {"S": HELD}, ":cursor": {"S": r#""live""#}, ":seen_at": {"N": "1790000000500"},
            ":request": {"S": "r-1"}, ":seq": {"N": "12"},
        }),
    );
    let (from, all_of) = (held(), Some((request(), 12)));
    let (connection, attached_at) = (connection(), Some(NOW));
    assert_sends(Transition::MoveCursor { connection, from, attached_at, all_of, to: Cursor::Live }, expected).await;
}

#[tokio::test]
async fn a_slow_device_has_the_time_in_its_cursor_when_it_last_took_something() {
    let to = Cursor::After { request: request(), seq: 12, tried_at: Some(NOW), failing_since: None };
    let expected = update(
        "SET #expires_at = :expires_at, #cursor = :cursor",
        &["(#cursor = :seen_cursor)", "(attribute_exists(#attached))"],
        &json!({"#attached": "attached#L0SM9cOFvHcCIhw=", "#cursor": "cursor#L0SM9cOFvHcCIhw="}),
        &json!({
            ":seen_cursor": {"S": HELD},
            ":cursor": {"S": r#"{"after":{"request":"r-1","seq":12,"taken_at":1790000000500}}"#},
        }),
    );
    let (connection, from) = (connection(), held());
    assert_sends(Transition::MoveCursor { connection, from, attached_at: None, all_of: None, to }, expected).await;
}
