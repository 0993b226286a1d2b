//! Devices that are slow, stuck or gone while a detached run goes on.

use agentcore_gateway::clock::Clock;
use agentcore_gateway::session::Cursor;
use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::transition::Transition;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::support::around::AroundSessions;
use crate::support::around_journal::AroundJournal;
use crate::support::clock::pass;
use crate::support::engine::key;
use crate::support::push::Manner;

async fn with_device(manner: Manner) -> LongRun {
    let engine = engine_of(agents());
    engine.connect("d", Some("s")).await;
    let long_run = LongRun::of(engine, "r").await;
    long_run.engine.push.set("d", manner);
    long_run
}

async fn cursor(long_run: &LongRun) -> Option<Cursor> {
    let connection = agentcore_gateway::protocol::ids::ConnectionId::parse("d").unwrap();
    long_run.session().await.connections.get(&connection).map(|attachment| attachment.cursor.clone())
}

#[tokio::test(start_paused = true)]
async fn a_device_has_two_seconds_and_delays_no_other() {
    let long_run = with_device(Manner::Hanging).await;
    let began = Instant::now();
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    assert_eq!(began.elapsed(), 2 * SECOND);
    let (at, _) = long_run.engine.push.timed("c").pop().unwrap();
    assert_eq!(at, began);
    assert!(matches!(cursor(&long_run).await, Some(Cursor::After { seq: 2, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_slow_gets_all_it_lacks_and_is_live_again() {
    let long_run = with_device(Manner::Hanging).await;
    for index in 0..3 {
        long_run.relay([long_run.message(index, &[json!(index)])]).await;
    }
    long_run.engine.push.set("d", Manner::Prompt);
    long_run.relay([long_run.message(3, &[])]).await;
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
    assert_eq!(cursor(&long_run).await, Some(Cursor::Live));
    let pushes = long_run.pushes("d");
    long_run.relay([long_run.message(4, &[json!(4)])]).await;
    assert_eq!(long_run.pushes("d"), pushes + 1, "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_takes_some_in_its_two_seconds_goes_on_behind_that() {
    let long_run = with_device(Manner::Slow(SECOND - SECOND / 10)).await;
    let large = |index: u64| {
        long_run.message(index, &[json!("x".repeat(30_000)), json!("y".repeat(30_000)), json!("z".repeat(30_000))])
    };
    long_run.relay([large(0)]).await;
    assert!(matches!(cursor(&long_run).await, Some(Cursor::After { seq: 4, .. })));
    for index in 1..5 {
        pass(20.0).await;
        long_run.relay([long_run.message(index, &[])]).await;
    }
    assert_eq!(long_run.frames("d").len(), long_run.frames("c").len(), "it is not detached, for it takes something");
    assert_eq!(long_run.pushes("d"), long_run.frames("d").len(), "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_takes_nothing_for_half_a_minute_is_detached() {
    for (seconds, expected) in [(20.0, true), (32.0, false)] {
        let long_run = with_device(Manner::Failing(1000)).await;
        long_run.relay([long_run.message(0, &[json!(0)])]).await;
        pass(seconds).await;
        long_run.relay([long_run.message(1, &[])]).await;
        assert_eq!(cursor(&long_run).await.is_some(), expected, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_gone_is_detached_at_once() {
    let long_run = with_device(Manner::Gone).await;
    pass(31.0).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    assert_eq!(cursor(&long_run).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_looks_gone_may_just_be_being_made() {
    let long_run = LongRun::begin().await;
    long_run.engine.connect("d", Some("s")).await;
    long_run.engine.push.set("d", Manner::Gone);
    for index in 0..2 {
        long_run.relay([long_run.message(index, &[json!(index)])]).await;
        pass(5.0).await;
    }
    long_run.engine.push.set("d", Manner::Prompt);
    long_run.relay([long_run.message(2, &[json!(2)])]).await;
    assert_eq!(contents(&long_run.frames("d")), [json!([0]), json!([1]), json!([2])]);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_says_that_the_run_is_alive() {
    let long_run = LongRun::begin().await;
    pass(20.0).await;
    let before = long_run.engine.push.received("c").len();
    assert!(long_run.relay([long_run.message(0, &[])]).await.is_empty());
    let progress = long_run.engine.push.received("c").split_off(before);
    assert_eq!(progress.len(), 1);
    let elapsed = progress[0]["elapsedMs"].as_u64().unwrap();
    assert!(progress[0]["type"] == "progress" && (20_000..21_000).contains(&elapsed), "{progress:?}");
    let detached = long_run.session().await.active.unwrap().detached.unwrap();
    assert_eq!((detached.next.index, detached.last_seq), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_a_relay_that_died_did_not_push_is_pushed_when_its_messages_come_again() {
    let long_run = LongRun::begin().await;
    let first = || long_run.message(0, &[json!(0)]);
    // It dies behind the session's move, before any push.
    let dying = || {
        let sessions = AroundSessions::of(long_run.engine.tools.sessions.clone()).apply(|apply| async move {
            let applied = apply.done().await;
            if matches!(apply.transition, Transition::Move { .. }) {
                return Err(StoreError::Unavailable("it died".to_owned()));
            }
            applied
        });
        Tools { sessions: Arc::new(sessions), ..long_run.tools() }
    };
    assert_eq!(long_run.relay_with(dying(), [first()]).await, [0]);
    assert!(
        long_run.frames("c").len() == 2 && long_run.session().await.active.unwrap().detached.unwrap().last_seq == 3
    );
    // Again, cut otherwise, and it dies once more.
    assert_eq!(long_run.relay_with(dying(), [first(), long_run.message(1, &[json!(1)])]).await, [0, 1]);
    assert!(long_run.relay([first()]).await.is_empty());
    assert!(long_run.relay([long_run.message(1, &[json!(1)]), long_run.message(2, &[json!(2)])]).await.is_empty());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!([0]), json!([1]), json!([2])]);
}

#[tokio::test(start_paused = true)]
async fn of_two_relays_that_push_at_once_neither_loses_what_the_other_did_not_push() {
    let long_run = with_device(Manner::Prompt).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    // The slow one has moved the session on, and stands still before it pushes.
    long_run.engine.push.set("d", Manner::Failing(1000));
    let slow = long_run.relay([long_run.message(1, &[json!(1)])]);
    let quick = async {
        tokio::time::sleep(SECOND).await;
        long_run.engine.push.set("d", Manner::Prompt);
        long_run.relay([long_run.message(2, &[json!(2)])]).await
    };
    tokio::join!(slow, quick);
    long_run.relay([long_run.message(3, &[json!(3)])]).await;
    assert_eq!(contents(&long_run.frames("d"))[2..], [json!([0]), json!([1]), json!([2]), json!([3])]);
}

#[tokio::test(start_paused = true)]
async fn nobody_need_be_connected() {
    let long_run = LongRun::begin().await;
    long_run.engine.disconnect("c").await;
    assert!(long_run.relay([long_run.message(0, &[json!(0)]), long_run.completed(1)]).await.is_empty());
    assert_eq!(long_run.session().await.latest.unwrap().last_seq, 4);
    long_run.engine.say("back", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    let expected = [json!("started"), json!(["first", "second"]), json!([0]), json!("completed")];
    assert_eq!(contents(&long_run.frames("back")), expected);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_nobody_tried_for_a_while_is_not_detached_for_that() {
    let long_run = with_device(Manner::Slow(SECOND)).await;
    let large = |index| long_run.message(index, &vec![json!("x".repeat(30_000)); 4]);
    long_run.relay([large(0)]).await;
    pass(60.0).await;
    long_run.engine.push.set("d", Manner::Hanging);
    long_run.relay([long_run.message(1, &[json!(1)])]).await;
    long_run.engine.push.set("d", Manner::Prompt);
    long_run.relay([long_run.message(2, &[json!(2)])]).await;
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
}

#[tokio::test(start_paused = true)]
async fn a_device_is_not_detached_because_the_journal_cannot_be_read() {
    let long_run = with_device(Manner::Hanging).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    long_run.engine.push.set("d", Manner::Prompt);
    let journal = long_run.engine.tools.journal.clone();
    for index in 1..4 {
        pass(20.0).await;
        let unread = AroundJournal::of(journal.clone()).read(|_| std::future::pending());
        let tools = Tools { journal: Arc::new(unread), ..long_run.tools() };
        long_run.relay_with(tools, [long_run.message(index, &[json!(index)])]).await;
    }
    long_run.relay([long_run.message(4, &[])]).await;
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
}

#[tokio::test(start_paused = true)]
async fn what_a_device_did_before_a_time_in_which_nobody_tried_it_does_not_count() {
    let long_run = with_device(Manner::Hanging).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    pass(60.0).await;
    // The relay has died, and its messages have come again.
    long_run.relay([long_run.message(1, &[json!(1)])]).await;
    assert!(cursor(&long_run).await.is_some());
    pass(20.0).await;
    long_run.relay([long_run.message(2, &[])]).await;
    assert!(cursor(&long_run).await.is_some(), "22 s");
    pass(20.0).await;
    long_run.relay([long_run.message(3, &[])]).await;
    assert!(cursor(&long_run).await.is_none(), "44 s, and tried all the time");
}

#[tokio::test(start_paused = true)]
async fn what_a_device_did_before_it_resumed_another_run_does_not_count() {
    let long_run = with_device(Manner::Hanging).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    pass(20.0).await;
    // A resume of a run that is over attaches anew, and leaves the cursor where it was.
    let connection = agentcore_gateway::protocol::ids::ConnectionId::parse("d").unwrap();
    let attach = Transition::Attach { connection, cursor: Cursor::Live };
    let engine = &long_run.engine;
    engine.tools.sessions.apply(&key("s"), &attach, engine.clock.now()).await.unwrap().unwrap();
    pass(12.0).await;
    long_run.relay([long_run.message(1, &[json!(1)])]).await;
    assert!(cursor(&long_run).await.is_some(), "34 s, but 14 s since the resume");
    pass(32.0).await;
    long_run.relay([long_run.message(2, &[])]).await;
    assert!(cursor(&long_run).await.is_none(), "tried in vain for 30 s since the resume");
}

#[tokio::test(start_paused = true)]
async fn how_slow_a_device_was_in_another_run_does_not_count() {
    let long_run = with_device(Manner::Hanging).await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    long_run.engine.push.set("d", Manner::Prompt);
    pass(60.0).await;
    // Its cursor still names the run that it was slow in, for that has ended by itself.
    long_run.relay([long_run.completed(1)]).await;
    let next = LongRun::of(long_run.engine.clone(), "next").await;
    next.engine.push.set("d", Manner::Hanging);
    next.relay([next.message(0, &[json!(0)])]).await;
    assert!(cursor(&next).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_slow_to_say_what_a_device_lacks_is_heard_all_the_same() {
    let long_run = with_device(Manner::Hanging).await;
    // It notes where the device is when another one has noted that already, further on.
    let sessions = AroundSessions::of(long_run.engine.tools.sessions.clone()).apply(|apply| async move {
        if matches!(apply.transition, Transition::MoveCursor { .. }) {
            tokio::time::sleep(5 * SECOND).await;
        }
        apply.done().await
    });
    let slow = long_run
        .relay_with(Tools { sessions: Arc::new(sessions), ..long_run.tools() }, [long_run.message(0, &[json!(0)])]);
    let quick = async {
        tokio::time::sleep(SECOND).await;
        long_run.relay([long_run.message(1, &[json!(1)])]).await
    };
    tokio::join!(slow, quick);
    assert!(matches!(cursor(&long_run).await, Some(Cursor::After { seq: 2, .. })));
    long_run.engine.push.set("d", Manner::Prompt);
    long_run.relay([long_run.message(2, &[])]).await;
    assert_eq!(contents(&long_run.frames("d"))[2..], [json!([0]), json!([1])]);
}
