//! Prompts that are given up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use agentcore_gateway::journal;
use agentcore_gateway::protocol::ids::{ConnectionId, RequestId};
use agentcore_gateway::session::LeaseId;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::worker::settings::Settings;
use serde_json::json;
use tokio::time::timeout;

use super::runs::prompt;
use crate::support::clock::pass;
use crate::support::engine::{Engine, key};
use crate::support::outage::Outage;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

/// A worker that gives a prompt up when it comes for the second time.
fn engine(journal: &Arc<Outage>) -> Engine {
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    Engine::with(agents, |tools| {
        tools.journal = journal.clone();
        tools.settings.max_receive_count = 2;
    })
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_given_up_has_an_ending_and_is_not_done() {
    let journal = Arc::new(Outage::default());
    let engine = engine(&journal);
    engine.say("c", &prompt("s", "r")).await;
    journal.of_appends.store(true, Ordering::Relaxed);
    assert!(!engine.work_next().await);
    assert!(engine.frames("c", "r").is_empty(), "it comes again");
    let worker = engine.work_alone().await;
    pass(10.0).await;
    journal.of_appends.store(false, Ordering::Relaxed);
    pass(20.0).await;
    assert!(!worker.await.unwrap(), "the queue keeps it, for the dead letters");
    let frames = engine.frames("c", "r");
    assert_eq!(frames.len(), 1);
    assert_eq!(
        (&frames[0]["type"], &frames[0]["retryable"], &frames[0]["seq"]),
        (&json!("failed"), &json!(true), &json!(1))
    );
    assert!(engine.agents.calls().is_empty());
    // Somebody puts it into the queue once more, from the dead letters.
    let dead = timeout(100 * SECOND, engine.queue.receive()).await.unwrap();
    assert!(engine.work(dead).await);
    assert_eq!(engine.frames("c", "r").len(), 1);
    assert!(engine.agents.calls().is_empty(), "an ended request runs no more");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_whose_session_stays_busy_fails_with_busy() {
    let engine = engine(&Arc::new(Outage::default()));
    let claim = Transition::Claim {
        request: RequestId::parse("other").unwrap(),
        lease: LeaseId("other".to_owned()),
        until: engine.tools.clock.now().after(3600 * SECOND),
        connection: ConnectionId::parse("other=").unwrap(),
    };
    engine.table.apply(&key("s"), &claim, engine.tools.clock.now()).await.unwrap().unwrap();
    engine.say("c", &prompt("s", "r")).await;
    assert!(!engine.work_next().await && !engine.work_next().await);
    let frames = engine.frames("c", "r");
    assert_eq!((frames.len(), &frames[0]["code"]), (1, &json!("busy")));
    assert_eq!(engine.frames("other=", "r"), frames, "every device of the session is told");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_living_worker_has_is_left_to_it() {
    let agents = ScriptedAgents::new(|_, _| stream(0..200, SECOND));
    let engine = Engine::with(agents, |tools| tools.settings.max_receive_count = 1);
    engine.say("c", &prompt("s", "r")).await;
    let delivery = engine.queue.receive().await;
    let again = delivery.clone();
    let worker = tokio::spawn({
        let engine = engine.clone();
        async move { engine.work(delivery).await }
    });
    pass(5.0).await;
    assert!(!engine.work(again).await, "the same message, given out twice");
    pass(300.0).await;
    assert!(worker.await.unwrap());
    let frames = engine.frames("c", "r");
    assert_eq!(frames.iter().filter(|frame| frame.get("code").is_some()).count(), 0);
    assert_eq!(frames.last().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_older_than_any_journal_is_not_run() {
    refused_after(journal::RETENTION, |_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn how_long_a_prompt_may_wait_is_a_setting() {
    refused_after(90 * SECOND, |settings| settings.max_wait = 90 * SECOND).await;
}

async fn refused_after(wait: Duration, change: impl FnOnce(&mut Settings)) {
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| change(&mut tools.settings));
    engine.say("c", &prompt("s", "r")).await;
    pass(wait.as_secs_f64() + 1.0).await;
    assert!(engine.work_next().await);
    let frames = engine.frames("c", "r");
    assert_eq!((frames.len(), &frames[0]["code"]), (1, &json!("busy")));
    assert!(engine.agents.calls().is_empty(), "it may have run, and its journal be forgotten");
}
