//! Stores and queues that are slow or out of reach while a run is sound.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::session::store::Sessions;
use async_trait::async_trait;
use tokio::time::sleep;

use super::runs::{prompt, seqs};
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::log::Log;
use crate::support::outage::Outage;
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

/// A queue that cannot be told to hide a message.
struct Deaf;

#[async_trait]
impl Visibility for Deaf {
    async fn extend(&self, _: &str, _: Duration) -> Result<(), QueueError> {
        Err(QueueError::Unavailable("out of reach".to_owned()))
    }

    async fn delete(&self, _: &str) -> Result<(), QueueError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_lapses_is_waited_for_as_long_as_its_run_may_last() {
    let engine = Engine::new(ScriptedAgents::new(|_, call| stream(0..if call == 0 { 880 } else { 1 }, SECOND)));
    let mut deaf = engine.clone();
    deaf.tools.visibility = Arc::new(Deaf);
    engine.say("c", &prompt("s", "r1")).await;
    engine.say("c", &prompt("s", "r2")).await;
    let run = deaf.work_alone().await;
    let _others = (engine.spawn_worker(), engine.spawn_worker());
    pass(890.0).await;
    assert!(run.is_finished());
    pass(120.0).await;
    assert_eq!(engine.frames("c", "r1").last().unwrap()["type"], "completed");
    assert_eq!(engine.frames("c", "r2").last().unwrap()["type"], "completed", "it waited behind a run that was sound");
    assert_eq!(engine.agents.calls().len(), 2);
    assert!(engine.queue.is_empty());
}

/// Sessions that are read only after so long.
fn slow_to_read(sessions: Arc<dyn Sessions>, time: Duration) -> Arc<dyn Sessions> {
    Arc::new(AroundSessions::of(sessions).load(move |load| async move {
        sleep(time).await;
        load.done().await
    }))
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_slow_to_read_does_not_cost_the_lease() {
    for seconds in [9, 25, 70] {
        let agents = ScriptedAgents::new(|_, _| stream(0..200, SECOND));
        let slow = seconds * SECOND;
        let engine = Engine::with(agents, |tools| tools.sessions = slow_to_read(tools.sessions.clone(), slow));
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await, "{seconds}");
        assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed", "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_waits_for_a_journal_that_cannot_be_read_and_the_log_says_so_once() {
    let journal = Arc::new(Outage::default());
    let large = format!("\"{}\"", "x".repeat(20_000));
    let agents = ScriptedAgents::new(move |_, _| stream(vec![large.clone(); 60], SECOND / 2));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.push.set("slow", Manner::Slow(2 * SECOND));
    engine.connect("slow", Some("s")).await;
    pass(31.0).await;
    engine.say("c", &prompt("s", "r")).await;
    let log = Log::capture();
    let worker = engine.work_alone().await;
    pass(6.0).await;
    journal.of_reads.store(true, Ordering::Relaxed);
    pass(14.0).await;
    let reads = journal.reads.load(Ordering::Relaxed);
    assert!((4..=20).contains(&reads), "with growing pauses, and not {reads} times");
    journal.of_reads.store(false, Ordering::Relaxed);
    assert!(worker.await.unwrap());
    assert_eq!(log.text().matches("the journal could not be read").count(), 1);
    assert_eq!(seqs(&engine.frames("slow", "r")), (1..=62).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn who_is_attached_while_the_ending_is_not_durable_yet_gets_it() {
    let journal = Arc::new(Outage::default());
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(0.5).await;
    journal.of_appends.store(true, Ordering::Relaxed);
    pass(5.0).await;
    engine.connect("late", Some("s")).await;
    pass(5.0).await;
    assert!(engine.frames("late", "r").is_empty());
    journal.of_appends.store(false, Ordering::Relaxed);
    assert!(worker.await.unwrap());
    assert_eq!(engine.frames("late", "r").last().unwrap()["type"], "completed");
}

/// A queue that takes its time for the first change of a message's visibility, whether or not anybody waits for that.
#[derive(Clone, Default)]
struct Sluggish(Arc<Mutex<Vec<Duration>>>, Arc<AtomicBool>);

#[async_trait]
impl Visibility for Sluggish {
    async fn extend(&self, _: &str, period: Duration) -> Result<(), QueueError> {
        let (changes, is_first) = (self.0.clone(), !self.1.swap(true, Ordering::Relaxed));
        let change = tokio::spawn(async move {
            sleep(if is_first { 4 * SECOND } else { SECOND / 10 }).await;
            changes.lock().unwrap().push(period);
        });
        change.await.map_err(|error| QueueError::Unavailable(error.to_string()))
    }

    async fn delete(&self, _: &str) -> Result<(), QueueError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_given_back_stays_hidden_for_as_long_as_it_has_to_wait() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..880, SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    let delivery = engine.queue.receive().await;
    let mut other = engine.clone();
    let queue = Sluggish::default();
    other.tools.visibility = Arc::new(queue.clone());
    let again = delivery.clone();
    let _run = tokio::spawn(async move { engine.work(delivery).await });
    pass(1.0).await;
    assert!(!other.work(again).await, "it has to come again");
    pass(10.0).await;
    let changes = queue.0.lock().unwrap().clone();
    let [hidden, waits] = changes[..] else { panic!("{changes:?}") };
    assert!(hidden == 60 * SECOND && waits > 61 * SECOND, "the last change holds: {changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_slow_to_tell_whether_it_exists_does_not_cost_the_lease() {
    for seconds in [25, 65] {
        let journal = Arc::new(Outage::default());
        journal.tail_takes.store(seconds, Ordering::Relaxed);
        let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
        let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await, "{seconds}");
        assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "completed", "{seconds}");
    }
}
