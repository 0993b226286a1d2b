//! `resume` in every state of a request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::outage::Outage;
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};
use crate::worker::runs::{prompt, seqs};

const MS: Duration = Duration::from_millis(1);

fn resume(request: Option<&str>, after: Option<u64>) -> Value {
    let mut resume = json!({"action": "resume", "sessionId": "s"});
    if let Some(request) = request {
        resume["requestId"] = json!(request);
    }
    if let Some(after) = after {
        resume["after"] = json!(after);
    }
    resume
}

fn resumed(engine: &Engine, connection: &str) -> Value {
    let found = engine.push.received(connection).into_iter().rev().find(|frame| frame["type"] == "resumed");
    found.expect("a resume is answered")
}

#[tokio::test(start_paused = true)]
async fn a_running_reply_is_replayed_and_goes_on_live_without_a_gap() {
    for after in [0, 3, 10] {
        let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 50 * MS)));
        engine.say("c", &prompt("s", "r")).await;
        let _worker = engine.spawn_worker();
        pass(4.0).await;
        engine.say("d", &resume(None, Some(after))).await;
        let answer = json!({"type": "resumed", "requestId": "r", "sessionId": "s", "after": after, "state": "running"});
        assert_eq!(engine.push.received("d")[0], answer);
        assert!(!engine.frames("d", "r").is_empty(), "what is durable is there at once");
        pass(4.0).await;
        let whole = engine.frames("c", "r");
        assert_eq!(engine.frames("d", "r"), whole[usize::try_from(after).unwrap()..]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_during_the_replay_is_replayed_to_its_end() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..60, 50 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(2.8).await;
    engine.push.set("d", Manner::Slow(100 * MS));
    engine.say("d", &resume(Some("r"), None)).await;
    assert_eq!(resumed(&engine, "d")["state"], "running");
    pass(2.0).await;
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
    assert_eq!(engine.push.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn ended_requests_are_replayed_with_their_state() {
    let engine = Engine::new(ScriptedAgents::new(|_, call| match call {
        0 => stream([1, 2], 150 * MS),
        _ => stream([json!({"error": "e", "error_type": "t", "message": "m"})], MS),
    }));
    engine.say("c", &prompt("s", "completed")).await;
    engine.say("c", &prompt("s", "failed")).await;
    engine.say("c", &prompt("s", "stopped")).await;
    engine.say("c", &json!({"action": "stop", "sessionId": "s", "requestId": "stopped"})).await;
    for _ in 0..3 {
        engine.work_next().await;
    }
    for request in ["completed", "failed", "stopped"] {
        let device = format!("device-{request}");
        engine.say(&device, &resume(Some(request), None)).await;
        assert_eq!(resumed(&engine, &device)["state"], request);
        assert_eq!(engine.frames(&device, request), engine.frames("c", request));
    }
    engine.say("latest", &resume(None, Some(0))).await;
    assert_eq!(resumed(&engine, "latest")["requestId"], "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_queued_or_unknown_request_is_queued_and_comes_when_it_starts() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], MS)));
    engine.say("c", &prompt("s", "r")).await;
    engine.say("d", &resume(Some("r"), None)).await;
    assert_eq!(resumed(&engine, "d")["state"], "queued");
    engine.work_next().await;
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_any_request_is_idle_and_attaches() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], MS)));
    engine.say("d", &resume(None, None)).await;
    let idle = json!({"type": "resumed", "requestId": null, "sessionId": "s", "after": 0, "state": "idle"});
    assert_eq!(engine.push.received("d"), [idle]);
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_replayed_from_beyond_the_end() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], MS)));
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    engine.say("d", &resume(Some("r"), Some(1000))).await;
    assert_eq!((&resumed(&engine, "d")["after"], &resumed(&engine, "d")["state"]), (&json!(1000), &json!("completed")));
    assert!(engine.frames("d", "r").is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_devices_that_resume_at_once_both_get_everything() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 30 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(1.0).await;
    let (first, second) = (resume(Some("r"), None), resume(None, Some(2)));
    tokio::join!(engine.say("d", &first), engine.say("e", &second));
    pass(4.0).await;
    let whole = engine.frames("c", "r");
    assert_eq!(engine.frames("d", "r"), whole);
    assert_eq!(engine.frames("e", "r"), whole[2..]);
    assert_eq!(seqs(&whole), (1..=whole.len() as u64).collect::<Vec<_>>());
}

/// Sessions that are read as they were a moment ago: the answer takes its time on the way back.
fn late(sessions: Arc<dyn Sessions>, time: Duration) -> Arc<dyn Sessions> {
    Arc::new(AroundSessions::of(sessions).load(move |load| async move {
        let session = load.done().await;
        tokio::time::sleep(time).await;
        session
    }))
}

#[tokio::test(start_paused = true)]
async fn a_run_that_begins_while_its_session_is_read_is_not_taken_for_dead() {
    let agents = ScriptedAgents::new(|_, _| stream(0..20, 100 * MS));
    let engine = Engine::with(agents, |tools| tools.sessions = late(tools.sessions.clone(), 10 * MS));
    engine.say("c", &prompt("s", "r")).await;
    let request = resume(Some("r"), None);
    let resuming = engine.say("d", &request);
    let working = async {
        tokio::time::sleep(5 * MS).await;
        engine.work_next().await
    };
    tokio::join!(resuming, working);
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_connects_while_the_session_is_read_gets_everything_from_then_on() {
    let agents = ScriptedAgents::new(|_, _| stream(0..100, 50 * MS));
    let engine = Engine::with(agents, |tools| tools.sessions = late(tools.sessions.clone(), 500 * MS));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(2.6).await;
    engine.connect("d", Some("s")).await;
    let before = engine.frames("c", "r").len();
    pass(6.0).await;
    let (whole, late) = (engine.frames("c", "r"), engine.frames("d", "r"));
    assert!(late.len() >= whole.len() - before, "{:?}", seqs(&late));
    assert_eq!(late, whole[whole.len() - late.len()..]);
}

/// Sessions in which the cursor that a replay has reached is written late.
pub fn slow_to_release(sessions: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    Arc::new(AroundSessions::of(sessions).apply(|apply| async move {
        if matches!(apply.transition, Transition::MoveCursor { .. }) {
            tokio::time::sleep(3000 * MS).await;
        }
        apply.done().await
    }))
}

#[tokio::test(start_paused = true)]
async fn what_came_between_the_replay_and_the_end_of_the_run_is_replayed_too() {
    let agents = ScriptedAgents::new(|_, _| stream(0..20, 100 * MS));
    let engine = Engine::with(agents, |tools| tools.sessions = slow_to_release(tools.sessions.clone()));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(1.0).await;
    engine.say("d", &resume(Some("r"), None)).await;
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_fails_leaves_the_rest_to_the_run() {
    let journal = Arc::new(Outage::default());
    let agents = ScriptedAgents::new(|_, _| stream(0..60, 500 * MS));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(5.0).await;
    journal.of_reads.store(true, Ordering::Relaxed);
    let answer = engine.say("d", &resume(Some("r"), None)).await.unwrap();
    assert_eq!(answer["code"], "unavailable");
    journal.of_reads.store(false, Ordering::Relaxed);
    pass(20.0).await;
    assert_eq!(engine.frames("d", "r"), engine.frames("c", "r"));
}

#[tokio::test(start_paused = true)]
async fn a_dead_run_is_ended_at_once_though_its_other_devices_take_nothing() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 1000 * MS)));
    for number in 0..5 {
        let device = format!("stuck{number}");
        engine.push.set(&device, Manner::Throttled(usize::MAX));
        engine.connect(&device, Some("s")).await;
    }
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.spawn_worker();
    pass(5.0).await;
    worker.abort();
    pass(61.0).await;
    let began = Instant::now();
    let answer = engine.say("c", &json!({"action": "stop", "sessionId": "s", "requestId": "r"})).await.unwrap();
    assert_eq!(answer["code"], "not_found", "it has ended by now");
    assert!(began.elapsed() <= 6000 * MS, "{:?}", began.elapsed());
    assert_eq!(engine.frames("c", "r").last().unwrap()["code"], "interrupted");
}

#[tokio::test(start_paused = true)]
async fn one_connection_more_than_a_session_may_have_detaches_the_one_attached_first() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], MS)));
    let attached = async || engine.session("s").await.connections.keys().map(ToString::to_string).collect::<Vec<_>>();
    for number in 10..42 {
        assert_eq!(engine.connect(&format!("c{number}"), Some("s")).await, 200);
        pass(1.0).await;
    }
    // A resume attaches anew: this one is not the first any more.
    engine.say("c10", &resume(None, None)).await;
    assert_eq!(engine.connect("by-connecting", Some("s")).await, 200);
    engine.say("by-resuming", &resume(None, None)).await;
    assert_eq!(engine.push.received("by-resuming")[0]["type"], "resumed");
    engine.say("by-asking", &prompt("s", "r")).await;
    engine.work_next().await;
    assert_eq!(engine.frames("by-asking", "r").last().unwrap()["type"], "completed");
    let attached = attached().await;
    assert_eq!(attached.len(), 32);
    for gone in ["c11", "c12", "c13"] {
        assert!(!attached.contains(&gone.to_owned()), "{attached:?}");
    }
    assert_eq!(engine.frames("c10", "r"), engine.frames("by-asking", "r"));
}
