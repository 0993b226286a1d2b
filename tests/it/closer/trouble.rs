//! What the closer cannot end, at once or ever.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use agentcore_gateway::closer::{Closer, Tools};
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue, QueueLimits};
use tokio::time::{Instant, timeout};

use super::{SECOND, claim, close_with, engine, given_up, summary, tools};
use crate::support::clock::pass;
use crate::support::engine::{Engine, event_of};
use crate::support::log::Log;
use crate::support::outage::Outage;
use crate::support::push::Manner;
use crate::worker::runs::prompt;

#[tokio::test(start_paused = true)]
async fn while_the_table_is_out_of_reach_a_prompt_comes_again_and_is_ended_later() {
    let engine = engine();
    let journal = Arc::new(Outage::default());
    journal.of_appends.store(true, Ordering::Relaxed);
    let tools = Tools { journal: journal.clone(), ..tools(&engine) };
    let delivery = given_up(&engine, "r").await;
    assert!(!close_with(tools.clone(), delivery.clone()).await);
    assert!(engine.frames("c", "r").is_empty(), "nobody is told what is not written");
    let again = tokio::spawn(close_with(tools, delivery));
    pass(10.0).await;
    journal.of_appends.store(false, Ordering::Relaxed);
    assert!(again.await.unwrap(), "it tries for a while");
    assert_eq!(summary(&engine.frames("c", "r")), [("failed", "internal", 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_log_says_which_prompt_has_to_come_again() {
    let (engine, log) = (engine(), Log::capture());
    let journal = Arc::new(Outage::default());
    journal.of_appends.store(true, Ordering::Relaxed);
    assert!(!close_with(Tools { journal, ..tools(&engine) }, given_up(&engine, "r").await).await);
    let text = log.text();
    let line = text.lines().find(|line| line.contains("the prompt has to come again")).expect("a line");
    // What docs/operations.md asks for.
    assert!(["message_id=", "session=", "request=r", "error="].iter().all(|field| line.contains(field)), "{line}");
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_cannot_be_read_yet_is_announced_later() {
    let engine = engine();
    let journal = Arc::new(Outage::default());
    journal.of_reads.store(true, Ordering::Relaxed);
    let tools = Tools { journal: journal.clone(), ..tools(&engine) };
    let delivery = given_up(&engine, "r").await;
    assert!(!close_with(tools.clone(), delivery.clone()).await, "nobody was told");
    journal.of_reads.store(false, Ordering::Relaxed);
    assert!(close_with(tools, delivery).await);
    assert_eq!(summary(&engine.frames("c", "r")), [("failed", "internal", 1)]);
}

#[tokio::test(start_paused = true)]
async fn it_answers_before_its_deadline_whatever_the_table_does() {
    let engine = engine();
    let journal = Arc::new(Outage::default());
    journal.answer_takes.store(1000, Ordering::Relaxed);
    let tools = Tools { journal, ..tools(&engine) };
    let deliveries = [given_up(&engine, "r1").await, elsewhere(&engine).await];
    let deadline = Instant::now() + 15 * SECOND;
    let response = Closer::new(tools).handle(event_of(deliveries), Some(deadline)).await;
    assert!(Instant::now() + SECOND < deadline);
    assert_eq!(response.batch_item_failures.len(), 2);
}

/// A prompt of another session.
async fn elsewhere(engine: &Engine) -> Delivery {
    engine.say("c", &prompt("elsewhere", "r3")).await;
    engine.queue.receive().await
}

#[tokio::test(start_paused = true)]
async fn a_device_that_hangs_holds_up_no_other_and_is_detached() {
    let engine = engine();
    engine.connect("stuck", Some("s")).await;
    engine.push.set("stuck", Manner::Hanging);
    let delivery = given_up(&engine, "r").await;
    let began = Instant::now();
    assert!(close_with(tools(&engine), delivery).await);
    assert!(engine.push.timed("c").iter().all(|(at, _)| *at < began + SECOND));
    assert_eq!(engine.frames("c", "r").len(), 1);
    assert!(began.elapsed() < 60 * SECOND);
    assert!(engine.session("s").await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_just_being_made_is_not_taken_for_gone() {
    for (age, is_told) in [(29.999, true), (30.0, false)] {
        let engine = engine();
        engine.push.set("new", Manner::Gone);
        engine.connect("new", Some("s")).await;
        let delivery = given_up(&engine, "r").await;
        pass(age).await;
        let closing = tokio::spawn(close_with(tools(&engine), delivery));
        pass(0.01).await;
        engine.push.set("new", Manner::Prompt);
        assert!(closing.await.unwrap());
        assert_eq!(engine.frames("new", "r").len(), usize::from(is_told), "{age}");
        assert_eq!(engine.session("s").await.connections.len(), usize::from(is_told), "{age}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_session_those_behind_one_that_comes_again_wait_too() {
    let engine = engine();
    let first = given_up(&engine, "r1").await;
    claim(&engine, "r1", 100).await;
    let mut second = first.clone();
    second.message_id = "second".to_owned();
    second.body = second.body.replace("\"r1\"", "\"r2\"").into();
    let other = elsewhere(&engine).await;
    let failed = Closer::new(tools(&engine)).handle(event_of([first.clone(), second, other]), None).await;
    let failed: Vec<_> = failed.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    assert_eq!(failed, [first.message_id, "second".to_owned()]);
    assert!(engine.frames("c", "r1").is_empty() && engine.frames("c", "r2").is_empty());
    assert_eq!(engine.frames("c", "r3").len(), 1, "another session waits for nobody");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_prompt_is_dropped_and_what_a_later_release_wrote_comes_again_in_a_minute() {
    let engine = engine();
    let queue = Arc::new(MemoryQueue::new(QueueLimits {
        visibility: 400 * SECOND,
        max_receive_count: 3,
        ..QueueLimits::default()
    }));
    let tools = Tools { visibility: queue.clone(), ..tools(&engine) };
    queue.put("a", "1", "no prompt").unwrap();
    let malformed = queue.receive().await;
    assert!(close_with(tools.clone(), malformed.clone()).await);
    queue.delete(&malformed.receipt);
    queue.put("a", "2", r#"{"type":"prompt","version":2}"#).unwrap();
    let began = Instant::now();
    for minute in 0..3 {
        let delivery = queue.receive().await;
        assert_eq!(began.elapsed().as_secs(), minute * 60);
        assert!(!close_with(tools.clone(), delivery).await);
    }
    assert!(timeout(3600 * SECOND, queue.receive()).await.is_err());
    assert_eq!(queue.dead_letters().len(), 1, "it is kept for the release that reads it");
}
