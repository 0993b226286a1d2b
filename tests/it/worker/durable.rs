//! What of a run is in the journal and what in memory, to the byte.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::protocol::frame::Frame;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::session::RunKey;
use agentcore_gateway::worker::pace::Pace;
use agentcore_gateway::worker::settings::Settings;
use tokio::time::timeout;

use super::runs::{prompt, seqs};
use crate::support::clock::pass;
use crate::support::counting::Counting;
use crate::support::engine::{Engine, key};
use crate::support::outage::Outage;
use crate::support::push::Manner;
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn run() -> RunKey {
    RunKey { session: key("s"), request: RequestId::parse("r").unwrap() }
}

/// A frame every 100 ms.
fn steady(settings: &mut Settings) {
    settings.pace = Pace::new(100 * MS, Some(100 * MS)).unwrap();
}

/// An agent whose ten events are frames 2 to 11 where one is due every 100 ms; 12 is the ending.
fn ten_frames() -> Arc<ScriptedAgents> {
    ScriptedAgents::new(|_, _| stream(0..10, 100 * MS))
}

/// How many bytes the frames of `ten_frames` have, from the first on.
async fn sizes() -> Vec<usize> {
    let engine = Engine::with(ten_frames(), |tools| steady(&mut tools.settings));
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let frames = engine.tools.journal.read(&run(), 0, engine.clock.now()).await.unwrap();
    assert_eq!(frames.len(), 12);
    frames.iter().map(|frame: &Arc<Frame>| frame.text.len()).collect()
}

fn journaled(agents: Arc<ScriptedAgents>, change: impl FnOnce(&mut Settings)) -> (Engine, Arc<Outage>) {
    let journal = Arc::new(Outage::default());
    let engine = Engine::with(agents, |tools| {
        tools.journal = journal.clone();
        steady(&mut tools.settings);
        change(&mut tools.settings);
    });
    (engine, journal)
}

/// Runs `ten_frames`; how often the journal is read for a device that takes frame 6 while all others are written.
async fn reads(max_durable_bytes: usize) -> usize {
    let mut calls = None;
    let engine = Engine::with(ten_frames(), |tools| {
        tools.settings.max_durable_bytes = max_durable_bytes;
        steady(&mut tools.settings);
        calls = Some(Counting::around(tools));
    });
    engine.connect("slow", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(0.45).await;
    engine.push.set("slow", Manner::Slow(SECOND));
    pass(0.1).await;
    engine.push.set("slow", Manner::Prompt);
    assert!(timeout(60 * SECOND, worker).await.expect("the run ends").unwrap());
    assert_eq!(seqs(&engine.frames("slow", "r")), (1..=12).collect::<Vec<_>>());
    calls.unwrap().take().get("read").copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn so_many_bytes_of_durable_frames_stay_in_memory_and_the_journal_has_the_rest() {
    let from_seventh: usize = sizes().await[6..].iter().sum();
    assert_eq!(reads(from_seventh).await, 0);
    assert_eq!(reads(from_seventh - 1).await, 1);
    assert!(reads(0).await >= 1, "the last frame stays, however large: it says where the log is");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_durable_takes_no_room_from_what_is() {
    let first_two: usize = sizes().await[..2].iter().sum();
    let (engine, journal) = journaled(ten_frames(), |settings| {
        settings.segment_interval = Duration::ZERO;
        settings.max_durable_bytes = first_two;
    });
    journal.answer_takes.store(1, Ordering::Relaxed);
    engine.connect("slow", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    // It takes `started` until the first two frames are durable, and the others are not.
    engine.push.set("slow", Manner::Slow(1500 * MS));
    pass(1.5).await;
    engine.push.set("slow", Manner::Prompt);
    journal.of_reads.store(true, Ordering::Relaxed);
    pass(1.1).await;
    assert_eq!(seqs(&engine.frames("slow", "r")), (1..=11).collect::<Vec<_>>());
    assert!(worker.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn no_more_is_written_than_may_be_lost() {
    let sizes = sizes().await;
    for (max_undurable_bytes, last) in [(sizes[1] + sizes[2], 3), (sizes[1] + sizes[2] + 1, 4)] {
        let change = |settings: &mut Settings| settings.max_undurable_bytes = max_undurable_bytes;
        let (engine, journal) = journaled(ten_frames(), change);
        engine.say("c", &prompt("s", "r")).await;
        let worker = engine.work_alone().await;
        pass(0.05).await;
        journal.of_appends.store(true, Ordering::Relaxed);
        pass(0.9).await;
        assert_eq!(seqs(&engine.frames("c", "r")), (1..=last).collect::<Vec<_>>());
        journal.of_appends.store(false, Ordering::Relaxed);
        assert!(worker.await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_the_journal_is_written_in_segments_as_large_as_may_be() {
    // Each event makes a frame of 30,000 bytes.
    let event = |seq: usize| {
        let frame = format!(r#"{{"type":"output","requestId":"r","sessionId":"s","seq":{seq},"events":[""]}}"#);
        format!("\"{}\"", "x".repeat(30_000 - frame.len()))
    };
    let agents = ScriptedAgents::new(move |_, _| stream((2..23).map(event), 100 * MS));
    let (engine, journal) = journaled(agents, |_| {});
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(0.05).await;
    journal.of_appends.store(true, Ordering::Relaxed);
    pass(5.0).await;
    journal.of_appends.store(false, Ordering::Relaxed);
    assert!(worker.await.unwrap());
    // The first event was due before there were others.
    assert_eq!(journal.segments.lock().unwrap()[1..4], [30_000, 300_000, 300_000]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_segment_is_written_becomes_durable_though_nothing_follows() {
    let event = |number: u32| Step::Events(vec![number.to_string()]);
    let script = move || vec![Step::Wait(SECOND), event(1), Step::Wait(3 * SECOND), event(2), Step::Hang];
    let (engine, journal) = journaled(ScriptedAgents::new(move |_, _| Script::Reply(script())), |_| {});
    journal.answer_takes.store(1, Ordering::Relaxed);
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.work_alone().await;
    // Written from 4.5 s to 5.5 s, while the other event comes.
    pass(5.4).await;
    let last = async || engine.tools.journal.tail(&run(), engine.clock.now()).await.unwrap().unwrap().last;
    assert_eq!((last().await, engine.frames("c", "r").len()), (2, 3));
    pass(2.7).await;
    assert_eq!(last().await, 3);
}
