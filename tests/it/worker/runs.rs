//! What a run is from its claim to its ending.

use std::time::Duration;

use agentcore_gateway::queue::memory::Delivery;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::support::clock::pass;
use crate::support::engine::{Engine, event_of, events_of};
use crate::support::push::Manner;
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const MS: Duration = Duration::from_millis(1);

pub fn prompt(session: &str, request: &str) -> Value {
    json!({"prompt": "hi", "sessionId": session, "requestId": request})
}

pub fn seqs(frames: &[Value]) -> Vec<u64> {
    frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_prompt_is_accepted_started_answered_and_completed() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["\"a\"", "{\"b\": 1.50}", "plain"], 10 * MS)));
    let accepted = engine.say("c", &prompt("s", "r")).await.unwrap();
    assert_eq!(accepted, json!({"type": "accepted", "requestId": "r", "sessionId": "s"}));
    assert!(engine.work_next().await);
    let frames = engine.frames("c", "r");
    assert_eq!(frames[0], json!({"type": "started", "requestId": "r", "sessionId": "s", "seq": 1}));
    assert_eq!(events_of(&frames), [json!("a"), json!({"b": 1.50}), json!("plain")]);
    assert_eq!(frames.last().unwrap()["type"], "completed");
    assert_eq!(seqs(&frames), (1..=frames.len() as u64).collect::<Vec<_>>());
    let call = engine.agents.calls().remove(0);
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body, json!({"prompt": "hi", "sessionId": call.runtime_session, "requestId": "r"}));
    let session = engine.session("s").await;
    assert_eq!((session.active, session.latest.unwrap().last_seq), (None, frames.len() as u64));
}

#[tokio::test(start_paused = true)]
async fn the_first_event_is_pushed_at_once_and_later_ones_are_coalesced() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..500, 5 * MS)));
    engine.push.set("c", Manner::Slow(20 * MS));
    engine.say("c", &prompt("s", "r")).await;
    let began = Instant::now();
    engine.work_next().await;
    let timed = engine.push.timed("c");
    let first = timed.iter().find(|(_, frame)| frame["type"] == "output").unwrap();
    // It waits for the push of `started` that is under way (20 ms), and its own takes as long.
    assert!(first.0 - began <= 41 * MS, "{:?}", first.0 - began);
    let frames = engine.frames("c", "r");
    assert_eq!(events_of(&frames), (0..500).map(Value::from).collect::<Vec<_>>());
    assert!(frames.len() <= 50, "{} frames", frames.len());
    for ((at, frame), (before, _)) in timed.iter().skip(1).zip(&timed) {
        let pace = (before.saturating_duration_since(first.0) / 4).max(100 * MS);
        assert!(*at - *before <= pace + 50 * MS || frame["type"] == "progress", "{:?}", *at - *before);
    }
    assert_eq!(engine.push.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_frame_waits_until_a_device_has_taken_all_others() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..400, 50 * MS)));
    engine.push.set("c", Manner::Slow(1000 * MS));
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let frames = engine.frames("c", "r");
    assert_eq!(events_of(&frames).len(), 400);
    assert!((20..25).contains(&frames.len()), "one a second: {}", frames.len());
}

#[tokio::test(start_paused = true)]
async fn many_bytes_make_a_frame_before_its_time() {
    let large = format!("\"{}\"", "x".repeat(10 * 1024));
    let engine = Engine::new(ScriptedAgents::new(move |_, _| {
        Script::Reply(vec![
            Step::Events(vec!["1".to_owned()]),
            Step::Events(vec![large.clone(); 3]),
            Step::Wait(50 * MS),
        ])
    }));
    engine.say("c", &prompt("s", "r")).await;
    let began = Instant::now();
    engine.work_next().await;
    let outputs: Vec<_> = engine.push.timed("c").into_iter().filter(|(_, frame)| frame["type"] == "output").collect();
    assert!(outputs.iter().all(|(at, _)| *at - began < 50 * MS), "full frames wait for no timer");
    let sizes: Vec<_> = outputs.iter().map(|(_, frame)| frame.to_string().len()).collect();
    assert!(sizes.iter().all(|size| *size <= 32 * 1024), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_waits_hears_that_the_run_is_alive() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], 70 * 1000 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let elapsed: Vec<u64> = engine.push.received("c").iter().filter_map(|frame| frame["elapsedMs"].as_u64()).collect();
    assert_eq!(elapsed, [20_000, 40_000, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn sessions_run_at_once_and_prompts_of_one_session_one_after_the_other() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], 1000 * MS)));
    for (session, request) in [("s", "a"), ("s", "b"), ("t", "c")] {
        engine.say("c", &prompt(session, request)).await;
    }
    let workers = [engine.spawn_worker(), engine.spawn_worker()];
    pass(1.5).await;
    let ended = |request: &str| engine.frames("c", request).last().is_some_and(|frame| frame["type"] == "completed");
    assert_eq!(["a", "b", "c"].map(ended), [true, false, true]);
    pass(1.0).await;
    assert!(ended("b"));
    workers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_waits_for_the_run_of_another_though_the_queue_gives_out_both() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], 5000 * MS)));
    engine.say("c", &prompt("s", "a")).await;
    let first = engine.queue.receive().await;
    engine.queue.delete(&first.receipt);
    engine.say("c", &prompt("s", "b")).await;
    let second = engine.queue.receive().await;
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { engine.work(first).await }
    });
    pass(1.0).await;
    assert!(!engine.work(second.clone()).await);
    assert_eq!(engine.agents.calls().len(), 1);
    assert!(running.await.unwrap());
    assert!(engine.work(second).await);
    assert_eq!(engine.frames("c", "b").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_no_prompt_is_dropped_and_holds_up_nothing() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], MS)));
    engine.queue.put("group", "1", "{\"type\":\"prompt\",\"version\":0}").unwrap();
    engine.queue.put("group", "2", "not ours").unwrap();
    assert!(engine.work_next().await);
    assert!(engine.work_next().await);
    assert!(engine.queue.is_empty());
    assert!(engine.agents.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_a_later_release_is_left_to_it() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], MS)));
    engine.queue.put("group", "1", "{\"type\":\"prompt\",\"version\":2}").unwrap();
    let began = Instant::now();
    for minute in 0..10 {
        assert!(!engine.work_next().await);
        assert_eq!(began.elapsed().as_secs(), minute * 60);
    }
    assert!(timeout(Duration::from_secs(3600), engine.queue.receive()).await.is_err());
    assert_eq!(engine.queue.dead_letters().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_only_what_must_come_again_and_what_stands_behind_it_is_reported() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], 5000 * MS)));
    for (session, request) in [("s", "a"), ("t", "b")] {
        engine.say("c", &prompt(session, request)).await;
    }
    let (first, second) = (engine.queue.receive().await, engine.queue.receive().await);
    let busy = tokio::spawn({
        let (engine, first) = (engine.clone(), first.clone());
        async move { engine.work(first).await }
    });
    pass(1.0).await;
    // The same message again, with another one of its group behind it, and one of another group.
    let behind = Delivery { message_id: "behind".to_owned(), ..first.clone() };
    let batch = event_of([first.clone(), behind, second]);
    let response = engine.worker().handle(batch, engine.deadline.subscribe()).await;
    let failed: Vec<_> = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    assert_eq!(failed, [first.message_id, "behind".to_owned()]);
    assert!(busy.await.unwrap());
    assert_eq!(engine.agents.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_is_accepted_again_and_runs_once() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(["1"], MS)));
    engine.say("c", &prompt("s", "r")).await;
    assert_eq!(engine.say("d", &prompt("s", "r")).await.unwrap()["type"], "accepted");
    engine.work_next().await;
    // After the queue has forgotten it, the journal still knows.
    pass(301.0).await;
    assert_eq!(engine.say("d", &prompt("s", "r")).await.unwrap()["type"], "accepted");
    assert!(engine.work_next().await);
    assert_eq!(engine.agents.calls().len(), 1);
    assert!(engine.push.received("d").is_empty(), "it attaches nothing");
    assert!(!engine.session("s").await.connections.keys().any(|connection| connection.as_str() == "d"));
}
