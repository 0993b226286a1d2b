//! What is zero in a healthy deployment.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::journal;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::session::Latest;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use serde_json::json;

use crate::closer::{close, given_up};
use crate::relay::LongRun;
use crate::support::around_journal::AroundJournal;
use crate::support::clock::pass;
use crate::support::engine::{Engine, key};
use crate::support::measured::Measured;
use crate::support::scripted::{ScriptedAgents, stream};
use crate::worker::runs::prompt;

const SECOND: Duration = Duration::from_secs(1);

fn engine() -> Engine {
    Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND)))
}

#[tokio::test(start_paused = true)]
async fn the_run_of_a_dead_worker_is_an_orphan_that_somebody_ends() {
    let measured = Measured::begin();
    let engine = engine();
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.spawn_worker();
    pass(5.0).await;
    worker.abort();
    let _other = engine.spawn_worker();
    pass(90.0).await;
    assert_eq!(measured.of("orphans_ended_total"), 1.0);
    assert_eq!(measured.of("leases_lost_total"), 0.0);
    assert_eq!(measured.of(r#"runs_failed_total{agent="default",code="interrupted"}"#), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_taken_for_dead_loses_its_lease() {
    let measured = Measured::begin();
    let engine = engine();
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(5.0).await;
    // Somebody else has freed its session.
    let lease = engine.session("s").await.active.unwrap().lease;
    let request = RequestId::parse("r").unwrap();
    let latest = Latest { request: request.clone(), outcome: Outcome::Failed, last_seq: 1 };
    let finish = Transition::Finish { request, lease, latest, untold: None, unstopped: None };
    engine.table.apply(&key("s"), &finish, engine.clock.now()).await.unwrap().unwrap();
    assert!(!worker.await.unwrap(), "its message comes again");
    assert_eq!(measured.of("leases_lost_total"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_no_worker_could_take_is_given_up_and_one_that_is_too_old_is_dropped() {
    let measured = Measured::begin();
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    assert!(close(&engine, delivery).await);
    assert_eq!((measured.of("prompts_given_up_total"), measured.of("prompts_dropped_total")), (1.0, 0.0));
    assert_eq!(measured.of(r#"runs_failed_total{agent="default",code="internal"}"#), 1.0);
    assert_eq!(measured.of(r#"run_duration_seconds_count{agent="default"}"#), 0.0, "it never began");
    let delivery = given_up(&engine, "r2").await;
    pass(journal::RETENTION.as_secs_f64() + 1.0).await;
    assert!(close(&engine, delivery).await);
    assert_eq!((measured.of("prompts_given_up_total"), measured.of("prompts_dropped_total")), (1.0, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_agent_goes_on_by_itself_is_detached_and_what_it_says_counts() {
    let measured = Measured::begin();
    let run = LongRun::begin().await;
    assert_eq!(measured.of(r#"runs_detached_total{agent="default"}"#), 1.0);
    assert_eq!((measured.of("events_total"), measured.of("frames_total")), (2.0, 1.0));
    run.relay([run.message(0, &[1.into(), 2.into()])]).await;
    assert_eq!((measured.of("events_total"), measured.of("frames_total")), (4.0, 2.0));
    assert_eq!(measured.of(r#"runs_ended_total{agent="default",outcome="completed"}"#), 0.0);
    run.relay([run.completed(1)]).await;
    assert_eq!(measured.of(r#"runs_ended_total{agent="default",outcome="completed"}"#), 1.0);
    assert_eq!((measured.of("events_total"), measured.of("frames_total")), (4.0, 2.0), "an ending has no events");
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_says_counts_once_though_its_session_was_not_moved_on_the_first_time() {
    let measured = Measured::begin();
    let run = LongRun::begin().await;
    let before = measured.of("events_total");
    let message = || run.message(0, &[1.into(), 2.into()]);
    assert_eq!(run.relay_without_moves([message()]).await, [0], "it comes again");
    run.relay([message()]).await;
    assert_eq!(measured.of("events_total") - before, 2.0);
    assert_eq!(measured.of("frames_total"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_over_before_its_agent_is_called_took_no_time() {
    let measured = Measured::begin();
    let engine = Engine::with(ScriptedAgents::new(|_, _| stream(0..5, SECOND)), |tools| {
        let slow = AroundJournal::of(tools.journal.clone()).append(|append| async move {
            pass(1.0).await;
            append.done().await
        });
        tools.journal = Arc::new(slow);
    });
    engine.say("c", &prompt("s", "r")).await;
    engine.say("c", &json!({"action": "stop", "sessionId": "s", "requestId": "r"})).await;
    assert!(engine.work_next().await);
    assert_eq!(measured.of(r#"runs_ended_total{agent="default",outcome="stopped"}"#), 1.0);
    assert_eq!(measured.of(r#"run_duration_seconds_count{agent="default"}"#), 0.0);
    assert_eq!(engine.events.told()[0].duration_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn what_had_its_ending_before_it_was_given_up_was_not_ended_by_the_closer() {
    let measured = Measured::begin();
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..1, SECOND)));
    let delivery = given_up(&engine, "r").await;
    // Its worker did all that is to be done, but for deleting the message.
    assert!(engine.work(delivery.clone()).await);
    assert!(close(&engine, delivery).await);
    assert_eq!(measured.of(r#"runs_ended_total{agent="default",outcome="completed"}"#), 1.0);
    assert_eq!(measured.of("prompts_given_up_total"), 0.0);
}
