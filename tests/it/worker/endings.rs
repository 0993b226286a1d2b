//! The last seconds of a run: answers that are lost, workers that die, deadlines.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, RequestId};
use agentcore_gateway::session::LeaseId;
use agentcore_gateway::session::store::{Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use serde_json::json;
use tokio::time::Instant;

use super::runs::prompt;
use crate::support::around::{Apply, AroundSessions};
use crate::support::clock::pass;
use crate::support::engine::{Engine, key};
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

/// What becomes of a `Finish` that was applied.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// It is lost; whoever asks again is refused.
    Lost,
    /// The client has made the write again, as the SDK does.
    OfASecondWrite,
    /// It never comes.
    Never,
}

fn finishing(answer: Answer) -> Engine {
    let agents = ScriptedAgents::new(|_, _| stream([1, 2], SECOND));
    let around = move |apply: Apply| async move {
        let applied = apply.done().await;
        match (&apply.transition, answer, &applied) {
            (Transition::Finish { .. }, Answer::Lost, Ok(Ok(_))) => Err(StoreError::Unavailable("lost".to_owned())),
            (Transition::Finish { .. }, Answer::OfASecondWrite, _) => apply.done().await,
            (Transition::Finish { .. }, Answer::Never, _) => std::future::pending().await,
            _ => applied,
        }
    };
    Engine::with(agents, |tools| {
        tools.sessions = Arc::new(AroundSessions::of(tools.sessions.clone()).apply(around));
    })
}

#[tokio::test(start_paused = true)]
async fn who_only_watches_gets_the_ending_though_the_answer_to_finish_is_lost() {
    for answer in [Answer::Lost, Answer::OfASecondWrite] {
        let engine = finishing(answer);
        engine.connect("watcher", Some("s")).await;
        pass(31.0).await;
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await, "{answer:?}");
        assert_eq!(engine.frames("watcher", "r").last().unwrap()["type"], "completed", "{answer:?}");
        assert_eq!(engine.frames("watcher", "r"), engine.frames("c", "r"), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_attached_just_before_the_end_gets_the_ending_though_the_answer_to_finish_is_lost() {
    for answer in [Answer::Lost, Answer::OfASecondWrite] {
        let mut engine = finishing(answer);
        // It has not seen the connection when the run ends.
        engine.tools.settings.poll_interval = 10 * SECOND;
        engine.say("c", &prompt("s", "r")).await;
        let worker = engine.work_alone().await;
        pass(1.5).await;
        engine.connect("late", Some("s")).await;
        assert!(worker.await.unwrap());
        assert_eq!(engine.frames("late", "r").last().unwrap()["type"], "completed", "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ending_is_announced_by_whoever_finds_the_session_freed_by_a_worker_that_died() {
    let engine = finishing(Answer::Never);
    engine.connect("watcher", Some("s")).await;
    engine.push.set("watcher", Manner::Throttled(usize::MAX));
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(4.0).await;
    worker.abort();
    assert!(engine.session("s").await.active.is_none(), "the session was freed");
    engine.push.set("watcher", Manner::Prompt);
    let _other = engine.spawn_worker();
    pass(70.0).await;
    assert_eq!(engine.frames("watcher", "r").last().unwrap()["type"], "completed");
    assert!(engine.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_ending_behind_which_another_run_has_ended_is_announced_again() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    engine.say("c", &prompt("s", "r1")).await;
    let first = engine.queue.receive().await;
    assert!(engine.work(first.clone()).await);
    engine.say("c", &prompt("s", "r2")).await;
    assert!(engine.work_next().await);
    let mut frames = engine.frames("c", "r1");
    assert!(engine.work(first).await, "a message may come twice");
    // Nobody can know whether all were told: it comes once more, and is the same.
    frames.extend(frames.last().cloned());
    assert_eq!(engine.frames("c", "r1"), frames);
}

/// A claim of `request` that was under way for so long that its lease is over when it is applied.
async fn claim_late(engine: &Engine, request: &str) {
    let began = engine.clock.now();
    pass(61.0).await;
    let claim = Transition::Claim {
        request: RequestId::parse(request).unwrap(),
        lease: LeaseId("late".to_owned()),
        until: began.after(60 * SECOND),
        connection: ConnectionId::parse("c").unwrap(),
        agent: AgentName::default_agent(),
        reply: None,
    };
    engine.tools.sessions.apply(&key("s"), &claim, began).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_ending_is_announced_though_a_late_claim_has_freed_the_session_for_an_older_run() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    engine.connect("watcher", Some("s")).await;
    engine.say("c", &prompt("s", "older")).await;
    let older = engine.queue.receive().await;
    assert!(engine.work(older.clone()).await);
    // A worker dies while it still tries to tell a device the ending.
    engine.push.set("watcher", Manner::Throttled(usize::MAX));
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(3.0).await;
    worker.abort();
    assert_eq!(engine.session("s").await.latest.unwrap().request.as_str(), "r");
    engine.push.set("watcher", Manner::Prompt);
    claim_late(&engine, "older").await;
    assert!(engine.work(older).await, "whoever claimed it finds that it has ended");
    assert_eq!(engine.session("s").await.latest.unwrap().request.as_str(), "older");
    assert!(engine.work_next().await);
    assert_eq!(engine.frames("watcher", "r").last().map(|frame| &frame["type"]), Some(&json!("completed")));
    assert!(engine.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_at_a_runs_end_outlasts_its_deadline() {
    for time in [30, 60, 900] {
        let agents = ScriptedAgents::new(|_, _| stream(0..2000, SECOND));
        agents.stop_in(20 * SECOND);
        let engine = Engine::new(agents);
        engine.connect("hangs", Some("s")).await;
        pass(31.0).await;
        engine.push.set("hangs", Manner::Hanging);
        engine.say("c", &prompt("s", "r")).await;
        let deadline = Instant::now() + time * SECOND;
        engine.deadline.send_replace(Some(deadline));
        assert_eq!(engine.work_next().await, time > 30, "who hangs was detached, or there was no time to tell it");
        assert!(Instant::now() + SECOND <= deadline, "{time}");
        assert_eq!(engine.frames("c", "r").last().unwrap()["code"], "deadline_exceeded");
        assert_eq!(engine.agents.stopped().len(), 1);
        assert!(engine.session("s").await.active.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_there_was_no_time_to_tell_is_told_by_whoever_takes_the_message_next() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..2000, SECOND)));
    engine.connect("watcher", Some("s")).await;
    pass(31.0).await;
    engine.push.set("watcher", Manner::Throttled(usize::MAX));
    engine.say("c", &prompt("s", "r")).await;
    engine.deadline.send_replace(Some(Instant::now() + 30 * SECOND));
    assert!(!engine.work_next().await, "it comes again");
    engine.push.set("watcher", Manner::Prompt);
    let given_back = Instant::now();
    engine.deadline.send_replace(Some(given_back + 60 * SECOND));
    assert!(engine.work_next().await);
    assert!(given_back.elapsed() < 2 * SECOND, "the session's next prompt waits for it");
    assert_eq!(engine.frames("watcher", "r").last().unwrap()["code"], "deadline_exceeded");
    assert_eq!(engine.agents.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_gives_its_message_back_before_its_deadline_whatever_hangs() {
    let engine = finishing(Answer::Never);
    engine.say("c", &prompt("s", "r")).await;
    let deadline = Instant::now() + 30 * SECOND;
    engine.deadline.send_replace(Some(deadline));
    assert!(!engine.work_next().await, "it comes again");
    assert!(Instant::now() + SECOND <= deadline);
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_when_the_worker_has_returned() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..50, SECOND / 10)));
    engine.push.set("slow", Manner::Slow(4 * SECOND));
    engine.connect("slow", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    let deadline = Instant::now() + 40 * SECOND;
    engine.deadline.send_replace(Some(deadline));
    assert!(engine.work_next().await);
    assert!(Instant::now() + SECOND <= deadline);
    let had = engine.push.received("slow");
    pass(600.0).await;
    assert_eq!(engine.push.received("slow"), had, "a function is frozen by now");
    assert!(engine.session("s").await.connections.len() == 2, "who is behind stays attached");
    // Its client finds the gap, and resumes.
    let after = had.last().map_or(0, |frame| frame["seq"].as_u64().unwrap());
    engine.say("slow", &json!({"action": "resume", "sessionId": "s", "requestId": "r", "after": after})).await;
    assert_eq!(engine.frames("slow", "r"), engine.frames("c", "r"));
}

/// Sessions in which a detach takes three seconds to arrive, whether or not whoever sent it still waits for the answer.
fn slow_to_detach(sessions: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    Arc::new(AroundSessions::of(sessions).apply(|apply| async move {
        if !matches!(apply.transition, Transition::Detach { .. }) {
            return apply.done().await;
        }
        let sent = tokio::spawn(async move {
            tokio::time::sleep(3 * SECOND).await;
            apply.done().await
        });
        sent.await.unwrap()
    }))
}

#[tokio::test(start_paused = true)]
async fn a_detach_holds_only_for_the_attachment_that_it_saw() {
    let agents = ScriptedAgents::new(|_, _| stream(0..30, SECOND));
    let engine = Engine::with(agents, |tools| tools.sessions = slow_to_detach(tools.sessions.clone()));
    engine.connect("d", Some("s")).await;
    pass(31.0).await;
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(5.5).await;
    engine.push.set("d", Manner::Gone);
    pass(2.0).await;
    engine.push.set("d", Manner::Prompt);
    engine.say("d", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    assert!(worker.await.unwrap());
    assert_eq!(engine.frames("d", "r").last().unwrap()["type"], "completed");
    assert_eq!(engine.session("s").await.connections.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_has_resumed_is_not_detached_for_what_was_seen_before() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND)));
    engine.push.set("d", Manner::Throttled(usize::MAX));
    engine.connect("d", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    // Shortly before the worker gives it up, it is back; the worker has not heard of that yet.
    pass(29.5).await;
    engine.push.set("d", Manner::Prompt);
    engine.say("d", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    pass(90.0).await;
    assert_eq!(engine.frames("d", "r").last().unwrap()["type"], "completed");
}
