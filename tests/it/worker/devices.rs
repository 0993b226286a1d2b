//! Several connections on one session, slow, dead and late ones.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::runs::{prompt, seqs};
use crate::support::clock::pass;
use crate::support::engine::{Engine, events_of};
use crate::support::losing::Losing;
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn every_attached_device_gets_all_frames() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..50, 20 * MS)));
    assert_eq!(engine.connect("b", Some("s")).await, 200);
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let frames = engine.frames("c", "r");
    assert_eq!(engine.frames("b", "r"), frames);
    assert_eq!(events_of(&frames).len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_connects_in_mid_run_gets_everything_from_then_on() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 50 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(2.0).await;
    let attached_at = Instant::now();
    engine.connect("b", Some("s")).await;
    pass(5.0).await;
    assert!(engine.push.timed("b")[0].0 - attached_at <= 1050 * MS, "the session is read each second");
    let late = seqs(&engine.frames("b", "r"));
    let timed = engine.push.timed("c").into_iter().filter(|(at, _)| *at > attached_at);
    let owed: Vec<u64> = timed.filter_map(|(_, frame)| frame["seq"].as_u64()).collect();
    assert!(owed.iter().all(|seq| late.contains(seq)), "{owed:?} {late:?}");
    assert!(late.windows(2).all(|pair| pair[0] + 1 == pair[1]), "without a gap: {late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_or_slow_device_delays_no_other_and_is_detached() {
    for manner in [Manner::Hanging, Manner::Gone, Manner::Throttled(usize::MAX)] {
        let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..300, 200 * MS)));
        engine.push.set("bad", manner);
        engine.connect("bad", Some("s")).await;
        pass(10.0).await;
        engine.say("c", &prompt("s", "r")).await;
        engine.work_next().await;
        let timed = engine.push.timed("c");
        let gaps = timed.windows(2).map(|pair| pair[1].0 - pair[0].0);
        assert!(gaps.into_iter().all(|gap| gap <= 1050 * MS), "{manner:?}");
        let attached: Vec<String> = engine.session("s").await.connections.keys().map(ToString::to_string).collect();
        assert_eq!(attached, ["c"], "{manner:?}");
        assert_eq!(engine.push.overlaps(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_reads_slowly_loses_nothing() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream((0..400).map(|at| format!("\"{at:01000}\"")), 10 * MS)));
    engine.push.set("slow", Manner::Slow(150 * MS));
    engine.connect("slow", Some("s")).await;
    engine.push.set("c", Manner::Failing(3));
    pass(10.0).await;
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let frames = engine.frames("slow", "r");
    assert_eq!(seqs(&frames), (1..=frames.len() as u64).collect::<Vec<_>>());
    assert_eq!(events_of(&frames).len(), 400);
    assert_eq!(engine.frames("c", "r"), frames);
}

#[tokio::test(start_paused = true)]
async fn a_very_slow_device_does_not_hold_up_the_next_prompt_and_catches_up() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 20 * MS)));
    engine.push.set("slow", Manner::Slow(4000 * MS));
    engine.connect("slow", Some("s")).await;
    pass(10.0).await;
    engine.say("c", &prompt("s", "r1")).await;
    engine.say("c", &prompt("s", "r2")).await;
    let first = engine.work_alone().await;
    let began = Instant::now();
    let second = engine.queue.receive().await;
    assert!(began.elapsed() <= 8000 * MS, "{:?}", began.elapsed());
    assert!(!first.is_finished(), "the worker goes on with the slow device beside that");
    engine.work(second).await;
    assert!(first.await.unwrap());
    assert_eq!(engine.frames("slow", "r1"), engine.frames("c", "r1"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_just_being_made_is_not_taken_for_gone() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 50 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(1.95).await;
    engine.push.set("new", Manner::Gone);
    engine.connect("new", Some("s")).await;
    pass(0.5).await;
    engine.push.set("new", Manner::Prompt);
    pass(4.0).await;
    assert_eq!(engine.frames("new", "r").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn the_time_in_which_a_connection_is_made_does_not_count_against_it() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..60, 1000 * MS)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(1.0).await;
    engine.push.set("new", Manner::Gone);
    engine.connect("new", Some("s")).await;
    pass(28.0).await;
    // It stands, and is slow at first.
    engine.push.set("new", Manner::Throttled(usize::MAX));
    pass(8.0).await;
    engine.push.set("new", Manner::Prompt);
    pass(40.0).await;
    assert_eq!(engine.frames("new", "r").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_table_does_not_take_is_refused_as_one_that_may_try_again() {
    let agents = ScriptedAgents::new(|_, _| stream([1], MS));
    let engine = Engine::with(agents, |tools| {
        let sessions = Losing::around(tools.sessions.clone());
        sessions.lost.store(1, Ordering::Relaxed);
        tools.sessions = sessions;
    });
    assert_eq!(engine.connect("c", Some("s")).await, 503);
    assert_eq!(engine.connect("c", Some("s")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn who_is_gone_thirty_seconds_after_its_connecting_is_detached_at_once() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..10, 5000 * MS)));
    engine.connect("new", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.work_alone().await;
    let is_attached = async || engine.session("s").await.connections.keys().any(|device| device.as_str() == "new");
    for (seconds, attached) in [(29.5, true), (0.51, false)] {
        pass(seconds).await;
        assert_eq!(is_attached().await, attached);
        engine.push.set("new", Manner::Gone);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_device_has_not_taken_is_read_from_the_journal() {
    let large = format!("\"{}\"", "x".repeat(20_000));
    let engine = Engine::new(ScriptedAgents::new(move |_, _| stream(vec![large.clone(); 60], 100 * MS)));
    engine.push.set("slow", Manner::Slow(160 * MS));
    engine.connect("slow", Some("s")).await;
    pass(10.0).await;
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let slow: Vec<Value> = engine.frames("slow", "r");
    assert_eq!(seqs(&slow), (1..=62).collect::<Vec<_>>());
    assert_eq!(engine.frames("c", "r"), slow);
}

#[tokio::test(start_paused = true)]
async fn who_has_left_the_session_gets_nothing_more() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 100 * MS)));
    engine.connect("d", Some("s")).await;
    pass(31.0).await;
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(3.0).await;
    engine.disconnect("d").await;
    pass(1.5).await;
    let had = engine.push.received("d").len();
    assert!(had > 10);
    assert!(worker.await.unwrap());
    assert_eq!(engine.push.received("d").len(), had);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_to_a_run_that_nobody_gets_has_all_there_is_within_half_a_second() {
    for tenths in 40..66 {
        let left_for = f64::from(tenths) / 10.0 + 0.05;
        let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..200, 100 * MS)));
        engine.say("c", &prompt("s", "r")).await;
        let began = Instant::now();
        let _worker = engine.work_alone().await;
        pass(3.0).await;
        engine.disconnect("c").await;
        pass(left_for).await;
        engine.connect("d", Some("s")).await;
        let back = Instant::now();
        pass(2.0).await;
        let pushed = engine.push.timed("d");
        let at = pushed[0].0;
        assert!(at - back <= 500 * MS, "{left_for}: {:?}", at - back);
        let at_once: Vec<Value> =
            pushed.into_iter().take_while(|(when, _)| *when == at).map(|(_, frame)| frame).collect();
        let newest = events_of(&at_once).last().and_then(Value::as_u64).unwrap();
        let emitted = (at - began).as_millis() / 100;
        assert!(u128::from(newest) + 2 >= emitted, "{left_for}: {newest} of {emitted}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_disturbs_no_other() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, 100 * MS)));
    engine.push.set("slow", Manner::Slow(1800 * MS));
    engine.connect("slow", Some("s")).await;
    pass(31.0).await;
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    for number in 0..10 {
        engine.connect(&format!("guest{number}"), Some("s")).await;
        pass(1.0).await;
    }
    // In ten seconds it takes five frames, whoever is attached meanwhile.
    assert_eq!(engine.frames("slow", "r").len(), 5);
    assert!(worker.await.unwrap());
    assert_eq!(engine.push.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_has_resumed_one_run_gets_the_next_from_its_beginning() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..20, 500 * MS)));
    engine.say("c", &prompt("s", "r1")).await;
    engine.say("c", &prompt("s", "r2")).await;
    let _worker = engine.spawn_worker();
    pass(5.0).await;
    let resume = json!({"action": "resume", "sessionId": "s", "requestId": "r1"});
    engine.say("resumed", &resume).await;
    // The process that replays to this one dies.
    engine.push.set("held", Manner::Hanging);
    assert!(timeout(1000 * MS, engine.say("held", &resume)).await.is_err());
    engine.push.set("held", Manner::Prompt);
    pass(30.0).await;
    for device in ["resumed", "held"] {
        assert_eq!(engine.frames(device, "r2"), engine.frames("c", "r2"), "{device}");
    }
    assert_eq!(engine.frames("c", "r2").last().unwrap()["type"], "completed");
}
