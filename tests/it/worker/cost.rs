//! What a prompt costs in calls, each of which is paid for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::support::clock::pass;
use crate::support::counting::Counting;
use crate::support::engine::{Engine, events_of};
use crate::support::scripted::{ScriptedAgents, stream};

const EVENTS: u32 = 300;

/// Between two of 300 events that come within 9.9 s, so that nothing else is due at the moment of the last.
const TEN_SECONDS: u64 = 33;
/// The same for 58.5 s.
const A_MINUTE: u64 = 195;

/// An agent that sends 300 events, so many milliseconds apart, and what counts the calls around it.
fn counted(apart: u64) -> (Engine, Arc<Counting>) {
    let every = Duration::from_millis(apart);
    let agents = ScriptedAgents::new(move |_, _| stream((0..EVENTS).map(|number| json!(number)), every));
    let mut counting = None;
    let engine = Engine::with(agents, |tools| counting = Some(Counting::around(tools)));
    (engine, counting.unwrap())
}

/// The calls of one prompt of `connection`, whose reply comes whole.
async fn cost(engine: &Engine, calls: &Counting, connection: &str, request: &str) -> BTreeMap<&'static str, usize> {
    calls.take();
    engine.say(connection, &json!({"prompt": "Hello", "sessionId": "s", "requestId": request})).await;
    assert!(engine.work_next().await);
    assert_eq!(events_of(&engine.frames(connection, request)).len(), EVENTS as usize);
    calls.take()
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_ten_seconds_costs_so_many_calls_and_a_record_only_for_a_connection_that_is_new() {
    let (engine, calls) = counted(TEN_SECONDS);
    let first = cost(&engine, &calls, "c", "r1").await;
    let expected = BTreeMap::from([
        ("extend", 1),
        ("tail", 1),
        ("claim", 1),
        ("record", 1),
        // The first segment, one 2.5 s after each frame that is not durable yet, and the ending.
        ("append", 5),
        // Every 1.5 s.
        ("load", 6),
        // `started`, 20 frames at their pace from the first event on, what is left, `completed`.
        ("push", 24),
        ("finish", 1),
    ]);
    assert_eq!(first, expected);
    let second = cost(&engine, &calls, "c", "r2").await;
    let mut without_record = expected;
    without_record.remove("record");
    assert_eq!(second, without_record);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_named_its_session_when_it_was_opened_is_recorded_then_and_not_again() {
    let (engine, calls) = counted(TEN_SECONDS);
    engine.connect("c", Some("s")).await;
    pass(1.0).await;
    assert_eq!(calls.take(), BTreeMap::from([("attach", 1), ("record", 1)]));
    assert_eq!(cost(&engine, &calls, "c", "r1").await.get("record"), None);
}

#[tokio::test(start_paused = true)]
async fn each_further_device_costs_its_pushes_and_nothing_else() {
    let (engine, calls) = counted(TEN_SECONDS);
    engine.connect("c", Some("s")).await;
    pass(1.0).await;
    let alone = cost(&engine, &calls, "c", "r1").await;
    engine.connect("d", Some("s")).await;
    let mut two = cost(&engine, &calls, "c", "r2").await;
    assert_eq!(two["push"], 2 * alone["push"]);
    two.insert("push", alone["push"]);
    assert_eq!(two, alone);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_a_minute_renews_its_lease_and_hides_its_message_every_twenty_seconds() {
    let (engine, calls) = counted(A_MINUTE);
    let calls = cost(&engine, &calls, "c", "r1").await;
    // A renewal says what a look at the session would have said.
    assert_eq!((calls["renew"], calls["extend"], calls["load"] + calls["renew"]), (2, 3, 40));
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_comes_again_behind_its_ending_costs_no_write() {
    let (engine, calls) = counted(TEN_SECONDS);
    cost(&engine, &calls, "c", "r1").await;
    // By now the queue has forgotten it.
    pass(301.0).await;
    let again = cost(&engine, &calls, "c", "r1").await;
    assert_eq!(again, BTreeMap::from([("extend", 1), ("tail", 1), ("load", 1), ("read", 2), ("push", 1)]));
}
