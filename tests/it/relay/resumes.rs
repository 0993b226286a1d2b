//! Resumes of detached runs: nothing is missed between the replay and the agent's next message.

use agentcore_gateway::clock::Clock;
use agentcore_gateway::protocol::ids::{ConnectionId, RequestId};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Cursor, ReplayId};
use serde_json::json;

use super::*;
use crate::support::clock::pass;
use crate::support::engine::key;
use crate::support::push::Manner;

fn resume(after: u64) -> Value {
    json!({"action": "resume", "sessionId": "s", "requestId": "r", "after": after})
}

#[tokio::test(start_paused = true)]
async fn a_resumed_connection_gets_what_was_and_what_comes() {
    let long_run = LongRun::begin().await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    long_run.engine.say("d", &resume(1)).await;
    let resumed = long_run.engine.push.received("d").remove(0);
    assert_eq!((&resumed["type"], &resumed["state"]), (&json!("resumed"), &json!("running")));
    assert_eq!(contents(&long_run.frames("d")), [json!(["first", "second"]), json!([0])]);
    long_run.relay([long_run.message(1, &[json!(1)]), long_run.completed(2)]).await;
    assert_eq!(contents(&long_run.frames("d"))[2..], [json!([1]), json!("completed")]);
    assert_eq!(long_run.pushes("d"), 4, "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_resumed_during_the_call_gets_nothing_twice() {
    let agents = ScriptedAgents::new(|invocation, _| {
        let (begin, go_on) = (vec![r#""first""#.to_owned()], vec![r#""second""#.to_owned(), marker(&invocation.body)]);
        Script::Reply(vec![Step::Events(begin), Step::Wait(10 * SECOND), Step::Events(go_on)])
    });
    let engine = engine_of(agents);
    engine.say("c", &prompt("s", "r")).await;
    let working = engine.work_alone().await;
    pass(3.0).await;
    engine.say("d", &resume(0)).await;
    assert!(working.await.unwrap());
    let reply = gateway_reply(&engine.agents.calls()[0].body);
    let long_run = LongRun { engine, reply, settings: Settings::default() };
    long_run.relay([long_run.message(0, &[json!("third")])]).await;
    let expected = [json!("started"), json!(["first"]), json!(["second"]), json!(["third"])];
    assert_eq!(contents(&long_run.frames("d")), expected);
    assert_eq!(long_run.pushes("d"), 4, "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_replay_died_during_the_call_gets_nothing_twice() {
    let agents = ScriptedAgents::new(|invocation, _| {
        let (begin, go_on) = (vec![r#""first""#.to_owned()], vec![r#""second""#.to_owned(), marker(&invocation.body)]);
        Script::Reply(vec![Step::Events(begin), Step::Wait(100 * SECOND), Step::Events(go_on)])
    });
    let engine = engine_of(agents);
    engine.say("c", &prompt("s", "r")).await;
    let working = engine.work_alone().await;
    pass(3.0).await;
    let (request, connection) = (RequestId::parse("r").unwrap(), ConnectionId::parse("d").unwrap());
    let cursor = Cursor::Held { request, replay: ReplayId("died".to_owned()), after: 0 };
    let attach = Transition::Attach { connection, cursor };
    engine.tools.sessions.apply(&key("s"), &attach, engine.clock.now()).await.unwrap().unwrap();
    assert!(working.await.unwrap());
    let reply = gateway_reply(&engine.agents.calls()[0].body);
    let long_run = LongRun { engine, reply, settings: Settings::default() };
    long_run.relay([long_run.message(0, &[json!("third")])]).await;
    let expected = [json!("started"), json!(["first"]), json!(["second"]), json!(["third"])];
    assert_eq!(contents(&long_run.frames("d")), expected);
    assert_eq!(long_run.pushes("d"), 4, "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_replay_is_under_way_is_not_missed() {
    let long_run = LongRun::begin().await;
    long_run.engine.push.set("d", Manner::Slow(SECOND));
    let from_the_beginning = resume(0);
    let resuming = long_run.engine.say("d", &from_the_beginning);
    let saying = async {
        for index in 0..6 {
            pass(0.7).await;
            long_run.relay([long_run.message(index, &[json!(index)])]).await;
        }
    };
    tokio::join!(resuming, saying);
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
    assert_eq!(long_run.pushes("d"), long_run.pushes("c"), "nothing twice, for its cursor is held until it has all");
    assert_eq!(long_run.engine.push.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_never_catches_up_leaves_the_rest_to_the_relay() {
    let long_run = LongRun::begin().await;
    long_run.engine.push.set("d", Manner::Slow(1500 * SECOND / 1000));
    let from_the_beginning = resume(0);
    let resuming = long_run.engine.say("d", &from_the_beginning);
    let saying = async {
        for index in 0..40 {
            pass(1.0).await;
            long_run.relay([long_run.message(index, &[json!(index)])]).await;
        }
        long_run.engine.push.set("d", Manner::Prompt);
        long_run.relay([long_run.message(40, &[])]).await;
    };
    tokio::join!(resuming, saying);
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
    assert!(long_run.session().await.connections.values().all(|attachment| attachment.cursor == Cursor::Live));
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_died_is_made_up_for_by_the_relay() {
    let long_run = LongRun::begin().await;
    let engine = long_run.engine.clone();
    engine.push.set("d", Manner::Slow(100 * SECOND));
    let resuming = tokio::spawn(async move { engine.say("d", &resume(0)).await });
    pass(1.0).await;
    resuming.abort();
    long_run.engine.push.set("d", Manner::Prompt);
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    assert!(long_run.frames("d").is_empty(), "as far as is known it is being replayed to");
    pass(60.0).await;
    long_run.relay([long_run.message(1, &[json!(1)])]).await;
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_during_its_replay_is_replayed_to_its_end() {
    let long_run = LongRun::begin().await;
    long_run.engine.push.set("d", Manner::Slow(SECOND));
    let from_the_beginning = resume(0);
    let resuming = long_run.engine.say("d", &from_the_beginning);
    let saying = async {
        pass(0.5).await;
        long_run.relay([long_run.message(0, &[json!(0)]), long_run.completed(1)]).await;
    };
    tokio::join!(resuming, saying);
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
    assert_eq!(long_run.frames("d").last().unwrap()["type"], "completed");
}
