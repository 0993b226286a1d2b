//! Answers that are lost: what was written is announced all the same.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use agentcore_gateway::journal::Segment;
use agentcore_gateway::protocol::frame::{Ending, FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::memory::Delivery;
use agentcore_gateway::session::LeaseId;

use super::{claim, close, close_with, engine, given_up, summary, tools};
use crate::support::around_journal::AroundJournal;
use crate::support::clock::pass;
use crate::support::engine::{Engine, key};
use crate::support::losing::Losing;

/// Enough for all that a closer tries by itself.
const ALL: u32 = 1000;

#[tokio::test(start_paused = true)]
async fn an_ending_whose_answer_was_lost_is_announced() {
    for repeated in [false, true] {
        let engine = engine();
        let delivery = given_up(&engine, "r").await;
        let mut tools = tools(&engine);
        let journal = Losing::around(tools.journal);
        (if repeated { &journal.repeated } else { &journal.lost }).store(1, Ordering::Relaxed);
        tools.journal = journal;
        assert!(close_with(tools, delivery).await);
        assert_eq!(summary(&engine.frames("c", "r")), [("failed", "internal", 1)], "repeated: {repeated}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_another_closer_wrote_before_it_died_is_announced() {
    let engine = engine();
    engine.connect("watcher", Some("s")).await;
    let delivery = given_up(&engine, "r").await;
    let mut dying = tools(&engine);
    let journal = Losing::around(dying.journal);
    journal.lost.store(ALL, Ordering::Relaxed);
    dying.journal = journal;
    // It writes, hears nothing, and is gone before it tries again.
    tokio::select! {
        biased;
        _ = close_with(dying, delivery.clone()) => panic!("it cannot know"),
        () = pass(0.01) => {}
    }
    assert!(engine.frames("c", "r").is_empty());
    assert!(close(&engine, delivery).await);
    assert_eq!(summary(&engine.frames("c", "r")), [("failed", "internal", 1)]);
    assert_eq!(engine.frames("watcher", "r"), engine.frames("c", "r"));
}

/// A run whose worker died, and whose lease is over.
async fn orphaned(engine: &Engine) -> Delivery {
    let delivery = given_up(engine, "r").await;
    claim(engine, "r", 10).await;
    pass(11.0).await;
    delivery
}

#[tokio::test(start_paused = true)]
async fn the_ending_of_a_dead_run_is_announced_though_the_answer_to_freeing_its_session_was_lost() {
    for repeated in [false, true] {
        let engine = engine();
        let delivery = orphaned(&engine).await;
        let mut tools = tools(&engine);
        let sessions = Losing::around(tools.sessions);
        (if repeated { &sessions.repeated } else { &sessions.lost }).store(1, Ordering::Relaxed);
        tools.sessions = sessions;
        assert!(close_with(tools, delivery).await);
        assert_eq!(summary(&engine.frames("other=", "r")), [("failed", "interrupted", 1)], "repeated: {repeated}");
        assert!(engine.session("s").await.active.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn the_ending_of_a_session_that_another_closer_freed_before_it_died_is_announced() {
    let engine = engine();
    let delivery = orphaned(&engine).await;
    let mut dying = tools(&engine);
    let sessions = Losing::around(dying.sessions);
    sessions.lost.store(ALL, Ordering::Relaxed);
    dying.sessions = sessions;
    tokio::select! {
        biased;
        _ = close_with(dying, delivery.clone()) => panic!("it cannot know"),
        () = pass(0.01) => {}
    }
    assert!(engine.frames("other=", "r").is_empty() && engine.session("s").await.active.is_none());
    // The next run has the session by then, and it too has ended.
    claim(&engine, "next", 10).await;
    pass(11.0).await;
    assert!(close(&engine, delivery).await);
    assert_eq!(summary(&engine.frames("other=", "r")), [("failed", "interrupted", 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_last_word_of_a_worker_that_counts_as_dead_is_the_ending() {
    let engine = engine();
    let delivery = orphaned(&engine).await;
    let mut tools = tools(&engine);
    let maker = FrameMaker::new(&RequestId::parse("r").unwrap(), &key("s").session);
    let ending = Segment::of(Arc::new(maker.ending(1, &Ending::Completed)));
    let last_word = Mutex::new(Some(ending));
    // A worker that counts as dead appends its ending right before the one who takes it for dead.
    tools.journal = Arc::new(AroundJournal::of(tools.journal).append(move |append| {
        let last_word = last_word.lock().unwrap().take();
        async move {
            if let Some(ending) = last_word {
                append.of(&ending, &LeaseId("another".to_owned())).await?;
            }
            append.done().await
        }
    }));
    assert!(close_with(tools, delivery).await);
    assert_eq!(summary(&engine.frames("other=", "r")), [("completed", "", 1)]);
    assert_eq!(engine.session("s").await.latest.unwrap().outcome, Outcome::Completed);
}
