//! How messages become frames, each once, in whatever batches they come, and whoever relays them.

use std::sync::Mutex;

use agentcore_gateway::protocol::frame::Frame;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::session::RunKey;
use async_trait::async_trait;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::*;
use crate::support::around_journal::AroundJournal;
use crate::support::engine::{events_of, key};

fn numbered(long_run: &LongRun, indices: impl IntoIterator<Item = u64>) -> Vec<Value> {
    indices.into_iter().map(|index| long_run.message(index, &[json!(index)])).collect()
}

/// The frames of the run in the journal behind one.
async fn journal(long_run: &LongRun, after: u64) -> Vec<Arc<Frame>> {
    let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
    let tools = &long_run.engine.tools;
    tools.journal.read(&run, after, tools.clock.now()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn ten_messages_are_one_frame_and_one_push() {
    let long_run = LongRun::begin().await;
    let before = long_run.pushes("c");
    assert!(long_run.relay(numbered(&long_run, 0..10)).await.is_empty());
    assert_eq!(long_run.pushes("c"), before + 1);
    assert_eq!(long_run.frames("c").last().unwrap()["events"], json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let detached = long_run.session().await.active.unwrap().detached.unwrap();
    assert_eq!((detached.next.index, detached.last_seq, detached.move_began.index), (10, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn events_keep_their_names_digits_and_order() {
    let long_run = LongRun::begin().await;
    let mut message = long_run.message(0, &[json!(1), json!(2)]).to_string();
    message = message.replace("[1,2]", r#"[1.00,{"z":1e2,"a":"\u00e9"}]"#);
    let mut named: Value = serde_json::from_str(&message).unwrap();
    named["names"] = json!({"1": "updates", "7": "nothing"});
    let text = named.to_string();
    // The digits would be lost by the detour over a value.
    let text = text.replace(r#""events":[1.0,{"a":"é","z":100.0}]"#, r#""events":[1.00,{"z":1e2,"a":"\u00e9"}]"#);
    assert!(text.contains("1.00"), "{text}");
    let mut event = SqsEvent::default();
    event.records = vec![record(0, "group", text)];
    Relay::new(long_run.tools()).handle(event, None).await;
    let frame = &long_run.frames("c")[2];
    assert_eq!(frame["names"], json!({"1": "updates"}));
    let stored = journal(&long_run, 2).await;
    assert!(stored[0].text.contains(r#"[1.00,{"z":1e2,"a":"\u00e9"}]"#), "{}", stored[0].text);
}

#[tokio::test(start_paused = true)]
async fn what_has_come_is_done_and_what_is_missing_is_waited_for() {
    let long_run = LongRun::begin().await;
    assert_eq!(long_run.relay(numbered(&long_run, [1, 2])).await, [0, 1], "the first one is missing");
    assert_eq!(long_run.relay(numbered(&long_run, [0, 2, 3])).await, [1, 2], "there is one between them");
    assert!(long_run.relay(numbered(&long_run, [0, 1, 1, 0, 2])).await.is_empty());
    assert_eq!(long_run.relay(numbered(&long_run, [3, 5])).await, [1]);
    assert!(long_run.relay(numbered(&long_run, [0, 1, 2, 3])).await.is_empty());
    let events = events_of(&long_run.frames("c"));
    assert_eq!(events[2..], [json!(0), json!(1), json!(2), json!(3)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_missing_may_stand_behind_what_waits_for_it() {
    let long_run = LongRun::begin().await;
    assert_eq!(long_run.relay(numbered(&long_run, [2, 1])).await, [0, 1]);
    assert_eq!(long_run.relay(numbered(&long_run, [2, 0])).await, [0, 1], "there is still one missing");
    assert!(long_run.relay(numbered(&long_run, [2, 1, 0, 1])).await.is_empty());
    assert!(long_run.relay([long_run.completed(4), long_run.message(3, &[json!(3)])]).await.is_empty());
    let frames = long_run.frames("c");
    assert_eq!(events_of(&frames)[2..], [json!(0), json!(1), json!(2), json!(3)]);
    assert_eq!(frames.last().unwrap()["type"], "completed");
    assert_eq!(long_run.pushes("c"), frames.len(), "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_read_or_has_no_right_to_say_is_dropped_and_holds_up_nothing() {
    let long_run = LongRun::begin().await;
    let wrong = |name: &str, value: Value| {
        let mut message = long_run.message(0, &[json!("wrong")]);
        message[name] = value;
        message
    };
    long_run.engine.say("d", &prompt("t", "r")).await;
    long_run.engine.work_next().await;
    let other = gateway_reply(&long_run.engine.agents.calls()[1].body);
    let batch = [
        json!("no object"),
        wrong("type", json!("prompt")),
        wrong("token", json!("no token")),
        wrong("token", other["token"].clone()),
        wrong("run", json!("run-00000000000000000000000000000000")),
        wrong("index", json!(-1)),
        wrong("events", json!("none")),
        wrong("end", json!({"outcome": "stopped"})),
        wrong("end", json!({"outcome": "failed", "code": "interrupted", "message": "", "retryable": true})),
        long_run.message(0, &[json!("right")]),
    ];
    assert!(long_run.relay(batch).await.is_empty());
    assert_eq!(long_run.frames("c")[2]["events"], json!(["right"]));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_later_release_comes_again_and_so_does_all_behind_it() {
    let long_run = LongRun::begin().await;
    let mut later = long_run.message(1, &[]);
    later["version"] = json!(2);
    let batch = [long_run.message(0, &[json!(0)]), later, long_run.message(2, &[json!(2)])];
    assert_eq!(long_run.relay(batch).await, [1, 2]);
    assert_eq!(long_run.frames("c")[2]["events"], json!([0]));
}

#[tokio::test(start_paused = true)]
async fn messages_of_several_runs_are_relayed_at_once() {
    let one = LongRun::begin().await;
    one.engine.say("d", &prompt("t", "r")).await;
    one.engine.work_next().await;
    let reply = gateway_reply(&one.engine.agents.calls()[1].body);
    let two = LongRun { engine: one.engine.clone(), reply, settings: Settings::default() };
    let mut event = SqsEvent::default();
    let messages = [(&one, 0), (&two, 0), (&one, 1), (&two, 2)];
    event.records = messages
        .iter()
        .enumerate()
        .map(|(at, (run, index))| {
            let group = run.reply["group"].as_str().unwrap();
            record(at, group, run.message(*index, &[json!(index)]).to_string())
        })
        .collect();
    let failures = Relay::new(one.tools()).handle(event, None).await.batch_item_failures;
    assert_eq!(failures.iter().map(|failure| &*failure.item_identifier).collect::<Vec<_>>(), ["3"]);
    assert_eq!(events_of(&one.engine.frames("c", "r"))[2..], [json!(0), json!(1)]);
    assert_eq!(events_of(&one.engine.frames("d", "r"))[2..], [json!(0)]);
}

/// A queue that does not answer.
struct Silent;

#[async_trait]
impl Visibility for Silent {
    async fn extend(&self, _: &str, _: Duration) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn delete(&self, _: &str) -> Result<(), QueueError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_answers_before_its_deadline_though_the_queue_does_not() {
    let long_run = LongRun::begin().await;
    let group = long_run.reply["group"].as_str().unwrap();
    let mut event = SqsEvent::default();
    // It waits for the one before it.
    event.records = vec![record(0, group, long_run.message(1, &[json!(1)]).to_string())];
    let deadline = Instant::now() + 20 * SECOND;
    let relay = Relay::new(Tools { visibility: Arc::new(Silent), ..long_run.tools() });
    let answer = timeout(MINUTE, relay.handle(event, Some(deadline))).await.expect("it answers");
    assert_eq!(answer.batch_item_failures.len(), 1);
    assert!(deadline - Instant::now() >= SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_mebibyte_is_delivered_and_one_byte_more_is_not_what_a_queue_takes() {
    let long_run = LongRun::begin().await;
    let large = "x".repeat(1024 * 1024 - 400);
    assert!(
        long_run.relay([long_run.message(0, &[json!(large)]), long_run.message(1, &[json!("next")])]).await.is_empty()
    );
    let frames = long_run.frames("c");
    let parts: String = frames.iter().filter_map(|frame| frame["text"].as_str()).collect();
    assert_eq!(parts, json!(large).to_string());
    assert_eq!(frames.last().unwrap()["events"], json!(["next"]));
    assert!(journal(&long_run, 2).await.len() > 30);
}

#[tokio::test(start_paused = true)]
async fn many_small_events_with_names_fit_the_segments_of_the_journal() {
    let long_run = LongRun::begin().await;
    let (count, name) = (40_000, "updates");
    let message = |index: u64| {
        let mut message = long_run.message(index, &vec![json!(1); count]);
        message["names"] = (0..count).map(|at| (at.to_string(), json!(name))).collect();
        message
    };
    let segments = Arc::new(Mutex::new(Vec::new()));
    let seen = segments.clone();
    let journal = AroundJournal::of(long_run.engine.tools.journal.clone()).append(move |append| {
        seen.lock().unwrap().push(append.segment.frames().iter().map(|frame| frame.text.len()).sum::<usize>());
        async move { append.done().await }
    });
    let tools = Tools { journal: Arc::new(journal), ..long_run.tools() };
    assert!(long_run.relay_with(tools, (0..3).map(message)).await.is_empty());
    let segments = segments.lock().unwrap().clone();
    assert!(segments.iter().all(|bytes| *bytes <= 301_000) && segments.len() > 7, "{segments:?}");
    let frames = &long_run.frames("c")[2..];
    let named: usize = frames.iter().map(|frame| frame["names"].as_object().unwrap().len()).sum();
    assert_eq!((events_of(frames).len(), named), (3 * count, 3 * count));
}

#[tokio::test(start_paused = true)]
async fn a_reply_beyond_the_limit_ends_with_what_fits_and_its_agent_is_stopped() {
    let mut long_run = LongRun::begin().await;
    long_run.settings.max_reply_bytes = 15 + 6;
    let message = long_run.message(0, &[json!("1234"), json!("5")]);
    assert!(long_run.relay([message, long_run.message(1, &[json!("6")])]).await.is_empty());
    let frames = long_run.frames("c");
    assert_eq!(contents(&frames)[2..], [json!(["1234"]), json!("failed")]);
    assert_eq!(frames.last().unwrap()["code"], "output_too_large");
    assert_eq!(long_run.engine.agents.stopped().len(), 1);
    assert_eq!(long_run.session().await.unstopped, None);
}

/// Whatever batches the messages come in, however often, and though each relay may be cut off at any place: each event is
/// delivered once, in order, and as the same frame to everybody who asks.
#[test]
fn each_event_is_delivered_once_however_the_messages_come() {
    let sizes = prop_oneof![4 => 0..40_usize, 1 => 20_000..40_000_usize, 1 => 250_000..700_000_usize];
    let messages = proptest::collection::vec(proptest::collection::vec(sizes, 0..4), 1..8);
    let cuts = proptest::collection::vec((0..8_usize, 1..6_usize, any::<bool>()), 0..12);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    let outcome = runner.run(&(messages, cuts), |(messages, cuts)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(deliver_all(messages, cuts));
        Ok(())
    });
    outcome.unwrap();
}

async fn deliver_all(messages: Vec<Vec<usize>>, cuts: Vec<(usize, usize, bool)>) {
    let long_run = LongRun::begin().await;
    let event = |index: usize, at: usize, size: usize| json!(format!("{index}.{at}.{}", "x".repeat(size)));
    let events: Vec<Vec<Value>> = messages
        .iter()
        .enumerate()
        .map(|(index, sizes)| sizes.iter().enumerate().map(|(at, size)| event(index, at, *size)).collect())
        .collect();
    let message = |index: usize| long_run.message(index as u64, &events[index]);
    for (first, count, dies) in cuts {
        let batch: Vec<Value> = (first..(first + count).min(events.len())).map(message).collect();
        let tools = long_run.tools();
        let tools = if dies { Tools { sessions: without_moves(tools.sessions.clone()), ..tools } } else { tools };
        long_run.relay_with(tools, batch).await;
    }
    let rest: Vec<Value> = (0..events.len()).map(message).chain([long_run.completed(events.len() as u64)]).collect();
    for batch in rest.chunks(3) {
        assert!(long_run.relay(batch.to_vec()).await.is_empty());
    }
    let frames = long_run.frames("c");
    let mut delivered = Vec::new();
    let mut part = String::new();
    for frame in &frames {
        delivered.extend(frame["events"].as_array().into_iter().flatten().cloned());
        part += frame["text"].as_str().unwrap_or_default();
        if frame["part"]["last"] == true {
            delivered.push(serde_json::from_str(&std::mem::take(&mut part)).unwrap());
        }
    }
    let expected: Vec<Value> =
        [json!("first"), json!("second")].into_iter().chain(events.into_iter().flatten()).collect();
    assert_eq!(delivered.len(), expected.len());
    assert_eq!(delivered, expected);
    contents(&frames);
}
