//! Prompts that no worker has begun.

use agentcore_gateway::journal;
use serde_json::json;

use super::{claim, close, engine, given_up, summary};
use crate::support::clock::pass;

#[tokio::test(start_paused = true)]
async fn a_prompt_that_no_worker_took_fails_as_internal_and_everybody_is_told() {
    let engine = engine();
    engine.connect("watcher", Some("s")).await;
    let delivery = given_up(&engine, "r").await;
    assert!(close(&engine, delivery).await);
    let frames = engine.frames("c", "r");
    assert_eq!(summary(&frames), [("failed", "internal", 1)]);
    assert_eq!(frames[0]["retryable"], true);
    assert_eq!(engine.frames("watcher", "r"), frames);
    assert!(engine.agents.calls().is_empty());
    let resumed = engine.say("late", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    assert_eq!((resumed, engine.frames("late", "r")), (None, frames), "its journal is its ending");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_closed_runs_no_more() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    assert!(close(&engine, delivery.clone()).await);
    assert!(engine.work(delivery).await);
    let frames = engine.frames("c", "r");
    assert_eq!((frames.len(), engine.agents.calls().len()), (2, 0), "whether it was told is not known");
    assert_eq!(frames[0], frames[1]);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_whose_session_stays_busy_fails_with_busy() {
    let engine = engine();
    claim(&engine, "other", 3600).await;
    let delivery = given_up(&engine, "r").await;
    assert!(close(&engine, delivery).await);
    let frames = engine.frames("c", "r");
    assert_eq!(summary(&frames), [("failed", "busy", 1)]);
    assert_eq!(engine.frames("other=", "r"), frames, "every device of the session is told");
    assert_eq!(engine.session("s").await.active.unwrap().request.as_str(), "other", "the run goes on");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_was_stopped_while_it_waited_is_stopped() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    engine.say("c", &json!({"action": "stop", "sessionId": "s", "requestId": "r"})).await;
    assert!(close(&engine, delivery).await);
    assert_eq!(summary(&engine.frames("c", "r")), [("stopped", "", 1)]);
    assert!(engine.session("s").await.stops.is_empty(), "the stop takes no other one's place");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_whose_worker_died_before_its_first_frame_is_interrupted() {
    let engine = engine();
    let delivery = given_up(&engine, "r").await;
    claim(&engine, "r", 10).await;
    pass(11.0).await;
    assert!(close(&engine, delivery).await);
    assert_eq!(summary(&engine.frames("other=", "r")), [("failed", "interrupted", 1)]);
    assert!(engine.session("s").await.active.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_older_than_any_journal_gets_no_second_ending() {
    for (too_long, expected) in [(0.0, vec![("failed", "internal", 1)]), (0.001, vec![])] {
        let engine = engine();
        let delivery = given_up(&engine, "r").await;
        pass(journal::RETENTION.as_secs_f64() + too_long).await;
        assert!(close(&engine, delivery).await, "it is not for the dead letters: nobody can do more");
        // Up to a day its journal would still be there; beyond it, it may have ended in another way.
        assert_eq!(summary(&engine.frames("c", "r")), expected);
    }
}
