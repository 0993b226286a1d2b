//! How a run is left to its agent.

use agentcore_gateway::choices::OnStop;
use agentcore_gateway::protocol::reply::{ReplyToken, TokenHash};
use agentcore_gateway::queue::watch::Watch;
use agentcore_gateway::queue::{QueueError, Watches};
use agentcore_gateway::session::runtime_id::runtime_session_id;
use agentcore_gateway::session::{Cursor, DETACHED_LEASE};
use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::support::clock::pass;
use crate::support::engine::key;
use crate::support::push::Manner;

#[tokio::test(start_paused = true)]
async fn a_run_is_left_to_its_agent_and_goes_on_by_that_ones_messages() {
    let long_run = LongRun::begin().await;
    let session = long_run.session().await;
    let active = session.active.clone().unwrap();
    let detached = active.detached.unwrap();
    assert_eq!((detached.next.index, detached.last_seq, detached.next.bytes), (0, 2, 15));
    assert!(active.lease_until.since(active.started_at) >= DETACHED_LEASE);
    assert_eq!(contents(&long_run.frames("c")), [json!("started"), json!(["first", "second"])]);

    assert!(long_run.relay([long_run.message(0, &[json!("third"), json!({"n": 4})])]).await.is_empty());
    assert!(long_run.relay([long_run.completed(1)]).await.is_empty());
    let expected = [json!("started"), json!(["first", "second"]), json!(["third", {"n": 4}]), json!("completed")];
    assert_eq!(contents(&long_run.frames("c")), expected);
    let session = long_run.session().await;
    assert_eq!((session.active, session.unstopped), (None, None));
    assert_eq!(session.latest.unwrap().last_seq, 4);
    assert!(long_run.engine.agents.stopped().is_empty(), "it has ended by itself");
}

/// A queue that nobody reaches.
struct OutOfReach;

#[async_trait]
impl Watches for OutOfReach {
    async fn send(&self, _: &Watch) -> Result<(), QueueError> {
        Err(QueueError::Unavailable("it is out of reach".to_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_given_to_the_watch_hears_a_stop_and_ends_before_its_workers_deadline() {
    for is_stopped in [true, false] {
        let engine = engine_with(agents(), |tools| tools.watches = Arc::new(OutOfReach));
        engine.say("c", &prompt("s", "r")).await;
        engine.deadline.send_replace(Some(Instant::now() + 5 * MINUTE));
        let working = engine.work_alone().await;
        pass(30.0).await;
        let last = || engine.frames("c", "r").pop().unwrap();
        assert_eq!(last()["type"], "output", "it goes on being tried");
        let began = Instant::now();
        if is_stopped {
            engine.say("c", &stop()).await;
        }
        assert!(working.await.unwrap(), "the message is done with");
        let (ending, took) = (last(), began.elapsed());
        if is_stopped {
            assert_eq!(ending["type"], "stopped");
            assert!(took < 2 * SECOND, "{took:?}");
        } else {
            assert_eq!(ending["code"], "deadline_exceeded");
            assert!(took < 270 * SECOND, "{took:?}");
        }
        assert_eq!(engine.agents.stopped(), [runtime_session_id(&key("s"))], "the agent goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_left_to_its_agent_though_a_slow_device_has_taken_the_time_until_close_to_the_deadline() {
    let engine = engine_of(agents());
    engine.connect("slow", Some("s")).await;
    engine.push.set("slow", Manner::Hanging);
    engine.say("c", &prompt("s", "r")).await;
    // The agent goes on at once, before the margin; the slow device is waited for until behind its beginning.
    let margin = engine.tools.settings.deadline_margin;
    engine.deadline.send_replace(Some(Instant::now() + margin + SECOND));
    let began = Instant::now();
    assert!(engine.work_next().await, "the message is done with");
    assert!(began.elapsed() > SECOND, "{:?}", began.elapsed());
    let now = agentcore_gateway::clock::Clock::now(&*engine.clock);
    let session = engine.tools.sessions.load(&key("s"), now).await.unwrap();
    assert!(session.active.unwrap().detached.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_told_where_to_send_and_its_secret_is_kept_nowhere() {
    let long_run = LongRun::begin().await;
    let reply = &long_run.reply;
    assert_eq!(reply["queueUrl"], "https://sqs.eu-west-1.amazonaws.com/123456789012/replies.fifo");
    assert_eq!(reply["region"], "eu-west-1");
    assert!(reply.get("endpointUrl").is_none());
    let group = reply["group"].as_str().unwrap();
    assert!(group.len() == 32 && group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let token = reply["token"].as_str().unwrap();
    let grant = long_run.session().await.active.unwrap().reply.unwrap();
    assert_eq!(json!(grant.run), reply["run"]);
    assert_eq!(grant.token, ReplyToken::parse(token).unwrap().hash());
    assert_ne!(grant.token, TokenHash(token.to_owned()));
    let watched = long_run.engine.watch.receive().await;
    assert!(!watched.body.contains(token));
    assert_eq!(Watch::decode(&watched.body).unwrap().run.request.as_str(), "r");
}

#[tokio::test(start_paused = true)]
async fn each_run_has_its_own_name_group_and_secret() {
    let first = LongRun::begin().await;
    first.relay([first.completed(0)]).await;
    let second = LongRun::of(first.engine.clone(), "r2").await;
    for name in ["run", "group", "token"] {
        assert_ne!(first.reply[name], second.reply[name], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_prompts_to_agents_that_may_are_told_where_to_send() {
    let told = |body: &str| serde_json::from_str::<Value>(body).unwrap().get("gatewayReply").is_some();
    let agents = || ScriptedAgents::new(|_, _| Script::Reply(vec![]));
    let calls = [
        (json!({"prompt": "p", "sessionId": "s"}), Some(None), true),
        (json!({"prompt": "p", "sessionId": "s", "agent": "other"}), Some(Some(["other"])), true),
        (json!({"prompt": "p", "sessionId": "s"}), Some(Some(["other"])), false),
        (json!({"prompt": "p", "sessionId": "s"}), None, false),
        (json!({"input": {"prompt": "p"}, "sessionId": "s"}), Some(None), false),
    ];
    for (message, long_runs, expected) in calls {
        let engine = engine_with(agents(), |tools| match long_runs {
            None => tools.settings.long_runs = None,
            Some(names) => {
                let named = |name: &str| agentcore_gateway::protocol::ids::AgentName::parse(name).unwrap();
                let configured = names.map(|names: [&str; 1]| names.into_iter().map(named).collect());
                tools.settings.long_runs.as_mut().unwrap().agents = configured;
            }
        });
        engine.say("c", &message).await;
        engine.work_next().await;
        assert_eq!(told(&engine.agents.calls()[0].body), expected, "{message} {long_runs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_again_while_its_run_is_detached_is_done_with() {
    let long_run = LongRun::begin().await;
    let engine = &long_run.engine;
    pass(301.0).await;
    // Beyond the queue's deduplication, and within the lease that a message has renewed.
    long_run.relay([long_run.message(0, &[])]).await;
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert_eq!(engine.agents.calls().len(), 1);
    assert_eq!(contents(&long_run.frames("c")), [json!("started"), json!(["first", "second"])]);
    assert!(long_run.session().await.active.is_some());
}

#[tokio::test(start_paused = true)]
async fn another_prompt_is_busy_at_once_and_the_run_goes_on() {
    let long_run = LongRun::begin().await;
    let engine = &long_run.engine;
    engine.say("d", &prompt("s", "r2")).await;
    assert!(engine.work_next().await);
    for connection in ["c", "d"] {
        let frames = engine.frames(connection, "r2");
        assert_eq!((frames.len(), &frames[0]["code"], &frames[0]["retryable"]), (1, &json!("busy"), &json!(true)));
    }
    assert_eq!(engine.agents.calls().len(), 1);
    long_run.relay([long_run.completed(0)]).await;
    assert_eq!(contents(&long_run.frames("c")).last().unwrap(), "completed");
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_run_is_left_ends_it_here() {
    for on_stop in [OnStop::StopSession, OnStop::Detach] {
        let engine = engine_with(agents(), |tools| tools.settings.on_stop = on_stop);
        engine.push.set("c", Manner::Slow(2 * SECOND));
        engine.say("c", &prompt("s", "r")).await;
        let working = engine.work_alone().await;
        // The agent has answered, and its last frames are on their way.
        pass(3.0).await;
        engine.say("d", &stop()).await;
        assert!(working.await.unwrap());
        let frames = engine.frames("c", "r");
        assert_eq!(contents(&frames), [json!("started"), json!(["first", "second"]), json!("stopped")], "{on_stop:?}");
        let session = engine.session("s").await;
        assert_eq!((session.active, session.unstopped, session.stops.len()), (None, None, 0));
        assert_eq!(engine.agents.stopped().len(), usize::from(on_stop == OnStop::StopSession));
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_behind_gets_the_rest_with_the_agents_next_message() {
    let engine = engine_of(agents());
    engine.connect("slow", Some("s")).await;
    engine.push.set("slow", Manner::Hanging);
    let long_run = LongRun::of(engine, "r").await;
    let cursor = long_run.session().await.connections.values().map(|it| it.cursor.clone()).collect::<Vec<_>>();
    assert!(cursor.iter().any(|cursor| matches!(cursor, Cursor::After { seq: 0, .. })), "{cursor:?}");
    long_run.engine.push.set("slow", Manner::Prompt);
    long_run.relay([long_run.message(0, &[json!("third")])]).await;
    let expected = [json!("started"), json!(["first", "second"]), json!(["third"])];
    assert_eq!(contents(&long_run.frames("slow")), expected);
    assert_eq!(contents(&long_run.frames("c")), expected);
    let live = long_run.session().await.connections.values().filter(|it| it.cursor == Cursor::Live).count();
    assert_eq!(live, 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_an_agent_that_is_quicker_than_its_marker_waits() {
    let agents = ScriptedAgents::new(|invocation, _| {
        let marker = marker(&invocation.body);
        Script::Reply(vec![Step::Events(vec!["1".to_owned()]), Step::Wait(5 * SECOND), Step::Events(vec![marker])])
    });
    let engine = engine_of(agents);
    engine.say("c", &prompt("s", "r")).await;
    let working = engine.work_alone().await;
    pass(1.0).await;
    let reply = gateway_reply(&engine.agents.calls()[0].body);
    let long_run = LongRun { engine, reply, settings: Settings::default() };
    let early = || [long_run.message(0, &[json!("third")]), long_run.completed(1)];
    assert_eq!(long_run.relay(early()).await, [0, 1]);
    assert!(working.await.unwrap());
    assert!(long_run.relay(early()).await.is_empty());
    assert_eq!(contents(&long_run.frames("c")), [json!("started"), json!([1]), json!(["third"]), json!("completed")]);
}

#[tokio::test(start_paused = true)]
async fn others_are_told_how_a_run_ended_and_when() {
    let long_run = LongRun::begin().await;
    pass(60.0).await;
    assert!(long_run.engine.events.told().is_empty());
    long_run
        .relay([long_run.end(
            0,
            &[],
            json!({"outcome": "failed", "code": "agent_error", "message": "no", "retryable": false}),
        )])
        .await;
    let told = long_run.engine.events.told();
    assert_eq!(told.len(), 1);
    let told = serde_json::to_value(&told[0]).unwrap();
    assert_eq!(
        (&told["outcome"], &told["code"], &told["agent"]),
        (&json!("failed"), &json!("agent_error"), &json!("default"))
    );
    assert_eq!((told["connections"].as_u64(), told["durationMs"].as_u64().unwrap() / 1000), (Some(1), 60));
}
