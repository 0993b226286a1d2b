//! Prompts that a worker has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agentcore_gateway::clock::Clock;
use agentcore_gateway::closer::Settings;
use agentcore_gateway::journal::Segment;
use agentcore_gateway::protocol::frame::{FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::memory::Delivery;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::{LeaseId, RunKey};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{SECOND, claim, close, close_with, engine, given_up, summary, tools};
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::{Engine, events_of, key};
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};
use crate::worker::runs::{prompt, seqs};

/// The first ten seconds of a run, whose worker then dies.
async fn died(engine: &Engine) {
    let worker = engine.work_alone().await;
    pass(10.0).await;
    worker.abort();
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_worker_lives_is_waited_for() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    let worker = tokio::spawn({
        let (engine, delivery) = (engine.clone(), delivery.clone());
        async move { engine.work(delivery).await }
    });
    pass(5.0).await;
    assert!(!close(&engine, delivery).await, "the same message, given out twice");
    assert!(worker.await.unwrap());
    let frames = engine.frames("c", "r");
    assert_eq!(frames.last().unwrap()["type"], "completed");
    assert_eq!(events_of(&frames).len(), 100);
}

/// Sessions of which one is claimed, and its run begun, right after somebody has looked at it.
fn just_begun(engine: &Engine) -> Arc<dyn Sessions> {
    let (engine, has_begun) = (engine.clone(), Arc::new(AtomicBool::new(false)));
    Arc::new(AroundSessions::of(engine.table.clone()).load(move |load| {
        let (engine, has_begun) = (engine.clone(), has_begun.clone());
        async move {
            let seen = load.done().await;
            if !has_begun.swap(true, Ordering::Relaxed) {
                claim(&engine, "r", 50).await;
                let run = RunKey { session: load.key.clone(), request: RequestId::parse("r").unwrap() };
                let started = Segment::of(Arc::new(FrameMaker::new(&run.request, &load.key.session).started()));
                let worker = LeaseId("another".to_owned());
                engine.tools.journal.append(&run, &started, &worker, load.now).await.unwrap();
            }
            seen
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_run_that_begins_while_the_closer_looks_is_waited_for() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    let mut tools = tools(&engine);
    tools.sessions = just_begun(&engine);
    assert!(!close_with(tools, delivery).await, "its worker lives");
    assert!(engine.frames("c", "r").is_empty() && engine.frames("other=", "r").is_empty());
    assert_eq!(engine.session("s").await.active.unwrap().request.as_str(), "r");
}

#[tokio::test(start_paused = true)]
async fn it_waits_each_time_so_long_that_all_times_outlast_the_longest_run() {
    for (minutes, receive_count, expected) in [(15, 1, 100), (60, 1, 400), (15, 4, 150)] {
        let engine = engine();
        let delivery = Delivery { receive_count, ..given_up(&engine, "r").await };
        claim(&engine, "r", 50).await;
        let mut tools = tools(&engine);
        tools.settings = Settings { longest_run: minutes * 60 * SECOND, max_receive_count: 10, ..Settings::default() };
        let began = Instant::now();
        assert!(!close_with(tools, delivery).await);
        timeout(3600 * SECOND, engine.queue.receive()).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_worker_died_is_interrupted_behind_its_last_durable_frame() {
    let engine = engine();
    engine.say("c", &prompt("s", "r")).await;
    died(&engine).await;
    let delivery = engine.queue.receive().await;
    pass(60.0).await;
    assert!(close(&engine, delivery).await);
    let frames = engine.frames("c", "r");
    let ending = frames.last().unwrap();
    assert_eq!((&ending["type"], &ending["code"]), (&json!("failed"), &json!("interrupted")));
    assert!(ending["seq"].as_u64().unwrap() > 1);
    assert!(engine.session("s").await.active.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_device_has_not_taken_at_once_it_is_sent_once() {
    let engine = engine();
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(5.0).await;
    engine.say("d", &json!({"action": "resume", "sessionId": "s"})).await;
    pass(15.0).await;
    worker.abort();
    let had = engine.frames("d", "r").len();
    engine.push.set("d", Manner::Slow(2 * SECOND));
    let delivery = engine.queue.receive().await;
    pass(60.0).await;
    assert!(close(&engine, delivery).await);
    let sent = seqs(&engine.frames("d", "r")[had..]);
    assert!(sent.len() > 5, "for longer than an ending is waited for: {sent:?}");
    assert!(sent.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_and_has_not_the_session_is_interrupted() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
    let started = Segment::of(Arc::new(FrameMaker::new(&run.request, &run.session.session).started()));
    let dead = LeaseId("dead".to_owned());
    engine.tools.journal.append(&run, &started, &dead, engine.clock.now()).await.unwrap();
    assert!(close(&engine, delivery).await);
    let tail = engine.tools.journal.tail(&run, engine.clock.now()).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.outcome), (2, Some(Outcome::Failed)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_ended_needs_nothing_but_to_be_told_again() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    let delivery = given_up(&engine, "r").await;
    // The worker dies between freeing the session and pushing the ending.
    engine.push.set("c", Manner::Hanging);
    let _ = timeout(10 * SECOND, engine.work(delivery.clone())).await;
    engine.push.set("c", Manner::Prompt);
    engine.connect("c", Some("s")).await;
    assert!(engine.session("s").await.latest.is_some() && engine.frames("c", "r").is_empty());
    assert!(close(&engine, delivery).await);
    assert_eq!(summary(&engine.frames("c", "r")), [("completed", "", 3)]);
    assert_eq!(engine.agents.calls().len(), 1);
}
