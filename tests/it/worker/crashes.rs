//! Workers that die, and workers that only seem to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::journal::{Appended, Segment};
use agentcore_gateway::protocol::frame::{Ending, FrameMaker};
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::session::store::{Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, RunKey};
use async_trait::async_trait;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::runs::{prompt, seqs};
use crate::support::around::{Apply, AroundSessions, Load};
use crate::support::clock::pass;
use crate::support::engine::{Engine, event_of, events_of, key};
use crate::support::outage::Outage;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_run_of_a_dead_worker_is_interrupted_and_the_agent_not_called_again() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.spawn_worker();
    pass(10.5).await;
    worker.abort();
    let seen = engine.frames("c", "r");
    let _other = engine.spawn_worker();
    pass(90.0).await;
    let frames = engine.frames("c", "r");
    let (ending, before) = frames.split_last().unwrap();
    assert_eq!(before, seen, "a dead worker pushes nothing more");
    assert_eq!(
        (&ending["type"], &ending["code"], &ending["retryable"]),
        (&json!("failed"), &json!("interrupted"), &json!(true))
    );
    // What was pushed but not durable is void: the ending takes the place of the first void frame.
    let durable = ending["seq"].as_u64().unwrap() - 1;
    assert!(durable >= 6 && durable < seqs(&seen).len() as u64 + 1, "{durable}");
    assert_eq!(engine.agents.calls().len(), 1);
    assert!(engine.queue.is_empty());
    assert!(engine.session("s").await.active.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_next_prompt_of_the_session_runs_after_the_crash() {
    let engine = Engine::new(ScriptedAgents::new(
        |_, call| if call == 0 { stream(0..100, SECOND) } else { stream([7], SECOND) },
    ));
    engine.say("c", &prompt("s", "r1")).await;
    engine.say("c", &prompt("s", "r2")).await;
    let worker = engine.spawn_worker();
    pass(5.0).await;
    worker.abort();
    let _other = engine.spawn_worker();
    pass(90.0).await;
    assert_eq!(engine.frames("c", "r1").last().unwrap()["code"], "interrupted");
    assert_eq!(events_of(&engine.frames("c", "r2")), [json!(7)]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_twice_while_its_run_is_under_way_waits_and_then_runs_nothing() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..30, SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    let delivery = engine.queue.receive().await;
    let running = tokio::spawn({
        let (engine, delivery) = (engine.clone(), delivery.clone());
        async move { engine.work(delivery).await }
    });
    pass(5.0).await;
    let twice = engine.worker().handle(event_of([delivery.clone()]), engine.deadline.subscribe()).await;
    assert_eq!(twice.batch_item_failures.len(), 1, "it has to come again");
    assert!(running.await.unwrap());
    let mut frames = engine.frames("c", "r");
    assert!(engine.work(delivery).await, "there is nothing left to do");
    // Whether the ending was pushed nobody can know: it comes once more, and is the same.
    frames.extend(frames.last().cloned());
    assert_eq!(engine.frames("c", "r"), frames);
    assert_eq!(engine.agents.calls().len(), 1);
    assert_eq!(frames.last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn the_message_of_a_long_run_is_hidden_for_as_long_as_its_worker_lives() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..200, SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.spawn_worker();
    pass(1.0).await;
    assert!(timeout(150 * SECOND, engine.queue.receive()).await.is_err(), "nobody else gets it");
    worker.abort();
    assert!(timeout(61 * SECOND, engine.queue.receive()).await.is_ok(), "a crash is noticed in a minute");
}

/// Sessions that one worker cannot reach while `open` has no permit, as if its network were cut or its process frozen.
fn cut(sessions: Arc<dyn Sessions>, open: &Arc<Semaphore>) -> Arc<dyn Sessions> {
    let (of_loads, of_writes) = (open.clone(), open.clone());
    let load = move |load: Load| {
        let open = of_loads.clone();
        async move {
            let _open = open.acquire().await;
            load.done().await
        }
    };
    let apply = move |apply: Apply| {
        let open = of_writes.clone();
        async move {
            let _open = open.acquire().await;
            apply.done().await
        }
    };
    Arc::new(AroundSessions::of(sessions).load(load).apply(apply))
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_writes_and_pushes_nothing_more() {
    let open = Arc::new(Semaphore::new(1));
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..300, SECOND)));
    let mut frozen = engine.clone();
    frozen.tools.sessions = cut(engine.table.clone(), &open);
    engine.say("c", &prompt("s", "r")).await;
    let worker = frozen.work_alone().await;
    pass(5.5).await;
    let cut = open.acquire_many(1).await.unwrap();
    pass(54.0).await;
    assert!(worker.is_finished(), "its part ends before its lease ends for others, after a minute");
    let pushed = engine.push.received("c").len();
    pass(6.5).await;
    assert_eq!(engine.push.received("c").len(), pushed);
    // Somebody resumes the session and finds the run an orphan.
    engine.say("d", &json!({"action": "resume", "sessionId": "s"})).await;
    let ending = engine.frames("c", "r").last().unwrap().clone();
    assert_eq!(ending["code"], "interrupted");
    let pushed = engine.push.received("c").len();
    drop(cut);
    assert!(!worker.await.unwrap(), "it gave the message back");
    assert_eq!(engine.push.received("c").len(), pushed);
    let replayed = engine.frames("d", "r");
    assert_eq!(replayed.last(), Some(&ending));
    assert_eq!(seqs(&replayed), (1..=replayed.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_place_in_the_journal_is_taken_gives_up_though_its_lease_holds() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    let worker = tokio::spawn({
        let (engine, delivery) = (engine.clone(), engine.queue.receive().await);
        async move { engine.work(delivery).await }
    });
    pass(0.5).await;
    let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
    let ending = FrameMaker::new(&run.request, &run.session.session).ending(2, &Ending::Stopped);
    let (segment, other) = (Segment::of(Arc::new(ending)), LeaseId("other".to_owned()));
    let appended = engine.tools.journal.append(&run, &segment, &other, engine.clock.now()).await.unwrap();
    assert_eq!(appended, Appended::Written);
    assert!(worker.await.unwrap(), "the request has an ending: its message need not come again");
    assert!(engine.frames("c", "r").iter().all(|frame| frame["type"] != "completed"), "it pushes no other ending");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_pushed_beyond_the_lease() {
    let agents = ScriptedAgents::new(|_, _| stream(0..300, SECOND));
    let engine = Engine::with(agents, |tools| tools.settings.renew_interval = 1000 * SECOND);
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(59.5).await;
    assert!(worker.is_finished(), "its part ends before its lease ends for others, after a minute");
    let pushed = engine.push.received("c").len();
    pass(3.0).await;
    assert_eq!(engine.push.received("c").len(), pushed);
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_not_called_before_the_first_segment_is_durable() {
    let journal = Arc::new(Outage::default());
    journal.of_appends.store(true, Ordering::Relaxed);
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(20.0).await;
    assert!(engine.agents.calls().is_empty());
    journal.of_appends.store(false, Ordering::Relaxed);
    pass(10.0).await;
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_not_called_once_the_lease_has_run_out() {
    let journal = Arc::new(Outage::default());
    journal.answer_takes.store(61, Ordering::Relaxed);
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let mut frozen = engine.clone();
    let open = Arc::new(Semaphore::new(1));
    frozen.tools.sessions = cut(engine.table.clone(), &open);
    let worker = frozen.work_alone().await;
    pass(0.5).await;
    let _cut = open.acquire_many(1).await.unwrap();
    pass(65.0).await;
    assert!(worker.is_finished());
    assert!(engine.agents.calls().is_empty(), "by now somebody else may run the session's next prompt");
    assert!(!worker.await.unwrap(), "it gave the message back");
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_append_costs_the_run_nothing() {
    for seconds in [38, 57, 90] {
        let journal = Arc::new(Outage::default());
        journal.answer_takes.store(seconds, Ordering::Relaxed);
        let agents = ScriptedAgents::new(|_, _| stream(0..100, SECOND));
        let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
        engine.say("c", &prompt("s", "r")).await;
        let _worker = engine.spawn_worker();
        pass(seconds as f64 + 1.0).await;
        journal.answer_takes.store(0, Ordering::Relaxed);
        pass(110.0).await;
        assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed", "{seconds}");
    }
}

/// A queue that does not answer.
struct Mute(Arc<dyn Visibility>);

#[async_trait]
impl Visibility for Mute {
    async fn extend(&self, _: &str, _: Duration) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.0.delete(receipt).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_renewed_whatever_the_queue_does() {
    let agents = ScriptedAgents::new(|_, _| stream(0..150, SECOND));
    let engine = Engine::with(agents, |tools| tools.visibility = Arc::new(Mute(tools.visibility.clone())));
    engine.say("c", &prompt("s", "r")).await;
    let delivery = engine.queue.receive().await;
    let again = delivery.clone();
    let worker = tokio::spawn({
        let engine = engine.clone();
        async move { engine.work(delivery).await }
    });
    pass(100.0).await;
    assert!(!engine.work(again).await, "the same message, given out again, waits");
    pass(60.0).await;
    assert!(worker.await.unwrap());
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_never_became_durable_is_not_pushed() {
    let journal = Arc::new(Outage::default());
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.spawn_worker();
    pass(0.5).await;
    journal.of_appends.store(true, Ordering::Relaxed);
    pass(90.0).await;
    worker.abort();
    journal.of_appends.store(false, Ordering::Relaxed);
    let _other = engine.spawn_worker();
    pass(150.0).await;
    let frames = engine.frames("c", "r");
    assert_eq!(frames.last().unwrap()["code"], "interrupted");
    assert!(frames.iter().all(|frame| frame["type"] != "completed"));
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_read_no_further_while_the_journal_cannot_be_written() {
    let journal = Arc::new(Outage::default());
    let large = format!("\"{}\"", "x".repeat(10_000));
    let agents = ScriptedAgents::new(move |_, _| stream(vec![large.clone(); 500], SECOND / 100));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(0.2).await;
    journal.of_appends.store(true, Ordering::Relaxed);
    pass(30.0).await;
    let events = events_of(&engine.frames("c", "r")).len();
    assert!((100..130).contains(&events), "about 1 MiB, and not {events} events of 10 kB");
    journal.of_appends.store(false, Ordering::Relaxed);
    pass(15.0).await;
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
}

/// Sessions that apply the first claim and lose the answer.
fn losing_the_claims_answer(sessions: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    let was_lost = Arc::new(AtomicBool::new(false));
    Arc::new(AroundSessions::of(sessions).apply(move |apply| {
        let was_lost = was_lost.clone();
        async move {
            let applied = apply.done().await;
            let is_lost =
                matches!(apply.transition, Transition::Claim { .. }) && !was_lost.swap(true, Ordering::Relaxed);
            if is_lost { Err(StoreError::Unavailable("the answer was lost".to_owned())) } else { applied }
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_known_by_its_lease() {
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.sessions = losing_the_claims_answer(tools.sessions.clone()));
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_between_the_ending_and_freeing_the_session_is_made_up_for() {
    let open = Arc::new(Semaphore::new(1));
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    let mut frozen = engine.clone();
    frozen.tools.sessions = cut(engine.table.clone(), &open);
    engine.say("c", &prompt("s", "r")).await;
    let worker = frozen.work_alone().await;
    pass(0.5).await;
    let _cut = open.acquire_many(1).await.unwrap();
    pass(1.0).await;
    worker.abort();
    assert!(engine.session("s").await.active.is_some());
    let _other = engine.spawn_worker();
    pass(90.0).await;
    assert!(engine.session("s").await.active.is_none());
    let endings = engine.frames("c", "r").into_iter().filter(|frame| frame["type"] == "completed").count();
    assert!(endings >= 1, "the same ending may come twice, but no other");
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed");
    assert!(engine.queue.is_empty());
}
