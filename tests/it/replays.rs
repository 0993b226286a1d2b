//! What a resume replays: one reply at a time to each connection, and never one that looks alive and is not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::journal::memory::{self, MemoryJournal};
use agentcore_gateway::journal::{REPLAY_WINDOW, RETENTION, Segment};
use agentcore_gateway::protocol::frame::{FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::session::{LeaseId, RunKey};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::resume::slow_to_release;
use crate::support::clock::pass;
use crate::support::engine::{Engine, key};
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};

const MS: Duration = Duration::from_millis(1);

fn resume(session: &str, request: &str, after: u64) -> Value {
    json!({"action": "resume", "sessionId": session, "requestId": request, "after": after})
}

/// A session whose reply, of 4 MB in 200 frames, has ended.
async fn ended() -> Engine {
    let large = format!("\"{}\"", "x".repeat(20_000));
    let engine = Engine::new(ScriptedAgents::new(move |_, _| stream(vec![large.clone(); 200], 100 * MS)));
    engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    assert!(engine.work_next().await);
    engine
}

#[tokio::test(start_paused = true)]
async fn a_newer_resume_supersedes_the_older_one() {
    let engine = ended().await;
    engine.push.set("d", Manner::Slow(100 * MS));
    let older = tokio::spawn({
        let engine = engine.clone();
        async move { engine.say("d", &resume("s", "r", 0)).await }
    });
    pass(3.0).await;
    // It asks for something else, and waits for nothing.
    engine.say("d", &resume("other", "r", 0)).await;
    pass(1.0).await;
    assert!(older.is_finished());
    let had = engine.frames("d", "r").len();
    assert!((25..60).contains(&had), "{had}");
    pass(60.0).await;
    assert_eq!(engine.frames("d", "r").len(), had);
    // What is missing it can still have.
    engine.say("d", &resume("s", "r", had as u64)).await;
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_resumes_costs_what_happens_until_the_next_is_noticed() {
    let engine = ended().await;
    let storm: Vec<_> = (0..100)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.say("d", &resume("s", "r", 0)).await })
        })
        .collect();
    engine.push.set("d", Manner::Slow(MS));
    for resume in storm {
        resume.await.unwrap();
    }
    let sent = engine.frames("d", "r").len();
    // A page is some 50 frames; only the last replay goes on behind its first.
    assert!(sent <= 100 * 60 + 202, "{sent}");
    let seqs: BTreeSet<u64> = engine.frames("d", "r").iter().filter_map(|frame| frame["seq"].as_u64()).collect();
    assert_eq!(seqs.len(), engine.frames("c", "r").len(), "and the last one comes to its end");
}

/// A run of so many seconds, and a connection that begins to resume it after 50 s, slowly.
async fn resuming(seconds: u32) -> (Engine, JoinHandle<Option<Value>>) {
    let engine = Engine::new(ScriptedAgents::new(move |_, _| stream(0..2 * seconds, 500 * MS)));
    engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    let worker = engine.clone();
    tokio::spawn(async move { worker.work_next().await });
    pass(50.0).await;
    engine.push.set("d", Manner::Slow(300 * MS));
    let replay = tokio::spawn({
        let engine = engine.clone();
        async move { engine.say("d", &resume("s", "r", 0)).await }
    });
    (engine, replay)
}

fn distinct(engine: &Engine, connection: &str) -> BTreeSet<u64> {
    engine.frames(connection, "r").iter().filter_map(|frame| frame["seq"].as_u64()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_run_sends_what_a_superseded_replay_did_not() {
    let (engine, older) = resuming(100).await;
    pass(5.0).await;
    engine.say("d", &resume("other", "x", 0)).await;
    pass(2.0).await;
    assert!(older.is_finished());
    pass(60.0).await;
    assert_eq!(distinct(&engine, "d"), distinct(&engine, "c"));
}

#[tokio::test(start_paused = true)]
async fn the_run_sends_the_rest_of_a_replay_that_takes_long() {
    let (engine, replay) = resuming(100).await;
    pass(26.0).await;
    assert!(replay.is_finished(), "before API Gateway gives it up");
    pass(60.0).await;
    assert_eq!(distinct(&engine, "d"), distinct(&engine, "c"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_during_a_replay_that_takes_long_is_replayed_to_its_end() {
    let (engine, replay) = resuming(70).await;
    pass(80.0).await;
    assert!(replay.is_finished());
    assert_eq!(distinct(&engine, "d"), distinct(&engine, "c"));
    assert_eq!(engine.push.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_newer_resume_supersedes_a_long_replay_of_a_run_that_has_ended_meanwhile() {
    let (engine, replay) = resuming(70).await;
    pass(30.0).await;
    engine.say("d", &resume("other", "r", 0)).await;
    pass(1.0).await;
    assert!(replay.is_finished());
    let had = engine.push.received("d").len();
    pass(60.0).await;
    assert_eq!(engine.push.received("d").len(), had);
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_replay_lets_go_of_its_cursor_is_sent_once() {
    let agents = ScriptedAgents::new(|_, _| stream(0..100, 100 * MS));
    let engine = Engine::with(agents, |tools| tools.sessions = slow_to_release(tools.sessions.clone()));
    engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    let worker = engine.work_alone().await;
    pass(1.0).await;
    engine.say("d", &resume("s", "r", 0)).await;
    assert!(!worker.is_finished());
    assert!(worker.await.unwrap());
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn the_run_sends_what_a_replay_was_to_send_whose_process_died() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..400, 500 * MS)));
    engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    let worker = engine.clone();
    tokio::spawn(async move { worker.work_next().await });
    pass(50.0).await;
    engine.push.set("d", Manner::Slow(300 * MS));
    let replay = tokio::spawn({
        let engine = engine.clone();
        async move { engine.say("d", &resume("s", "r", 0)).await }
    });
    pass(3.0).await;
    replay.abort();
    let had = engine.frames("d", "r").len();
    pass(50.0).await;
    assert_eq!(engine.frames("d", "r").len(), had, "it is held");
    pass(250.0).await;
    assert_eq!(distinct(&engine, "d"), distinct(&engine, "c"));
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_replay_died_hears_of_a_dead_run_once_nobody_can_be_replaying_to_it() {
    for (after, is_told) in [(59.999, false), (60.0, true)] {
        let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..400, 500 * MS)));
        engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
        let worker = engine.work_alone().await;
        pass(50.0).await;
        worker.abort();
        engine.push.set("d", Manner::Slow(300 * MS));
        let (resuming, request) = (engine.clone(), resume("s", "r", 0));
        let replay = tokio::spawn(async move { resuming.say("d", &request).await });
        pass(3.0).await;
        replay.abort();
        engine.push.set("d", Manner::Prompt);
        pass(after - 3.0).await;
        engine.say("e", &json!({"action": "stop", "sessionId": "s", "requestId": "r"})).await;
        let ending = engine.frames("c", "r").pop().unwrap();
        assert_eq!(ending["code"], "interrupted");
        let frames = engine.frames("d", "r");
        assert_eq!(frames.last() == Some(&ending), is_told, "{after}");
        if is_told {
            let seqs: BTreeSet<u64> = frames.iter().filter_map(|frame| frame["seq"].as_u64()).collect();
            assert_eq!(seqs.len() as u64, ending["seq"].as_u64().unwrap(), "without a gap");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_replay_window_the_request_is_known_but_gone() {
    // A journal may be kept for longer than it can be replayed.
    for kept in [REPLAY_WINDOW, RETENTION] {
        let agents = ScriptedAgents::new(|_, _| stream([1], MS));
        let engine =
            Engine::with(agents, |tools| tools.journal = Arc::new(MemoryJournal::new(kept, memory::MAX_BYTES)));
        engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
        engine.work_next().await;
        let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
        let ended = engine.tools.journal.tail(&run, engine.clock.now()).await.unwrap().unwrap().written_at;
        sleep(ended.after(REPLAY_WINDOW).since(engine.clock.now())).await;
        engine.say("d", &resume("s", "r", 0)).await;
        assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
        sleep(MS).await;
        for resume in [resume("s", "r", 0), json!({"action": "resume", "sessionId": "s"})] {
            let answer = engine.say("e", &resume).await.unwrap();
            assert_eq!((&answer["type"], &answer["code"]), (&json!("rejected"), &json!("replay_expired")));
        }
        assert!(engine.push.received("e").is_empty());
    }
}

fn run() -> RunKey {
    RunKey { session: key("s"), request: RequestId::parse("r").unwrap() }
}

/// A run that has begun, of which its session knows nothing.
async fn begun() -> Engine {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], MS)));
    let run = run();
    let started = FrameMaker::new(&run.request, &run.session.session).started();
    let writer = LeaseId("dead".to_owned());
    engine.tools.journal.append(&run, &Segment::of(Arc::new(started)), &writer, engine.clock.now()).await.unwrap();
    engine
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_and_has_no_worker_is_ended_by_who_takes_its_message() {
    let engine = begun().await;
    engine.say("c", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    assert!(engine.work_next().await);
    assert!(engine.agents.calls().is_empty());
    let tail = engine.tools.journal.tail(&run(), engine.clock.now()).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.outcome), (2, Some(Outcome::Failed)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_and_has_no_worker_is_ended_by_who_resumes_it() {
    let engine = begun().await;
    let resumed = timeout(Duration::from_secs(60), engine.say("d", &resume("s", "r", 0))).await;
    assert_eq!(resumed, Ok(None));
    let received = engine.push.received("d");
    let states: Vec<_> = received.iter().map(|frame| frame.get("state").unwrap_or(&frame["type"]).clone()).collect();
    assert_eq!(states, [json!("failed"), json!("started"), json!("failed")]);
    assert_eq!(received[2]["code"], "interrupted");
}
