//! How detached runs end by their agents' word.

use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::transition::Transition;
use serde_json::json;

use super::*;
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::push::Manner;

#[tokio::test(start_paused = true)]
async fn only_the_agents_end_decides_how_a_run_ended() {
    let failed = json!({"outcome": "failed", "code": "agent_error", "message": "arn:aws:iam::123456789012:role/x is out", "retryable": true});
    let too_large =
        json!({"outcome": "failed", "code": "output_too_large", "message": "an event has 10 MB", "retryable": false});
    let ends = [
        (json!({"outcome": "completed"}), json!({"type": "completed"})),
        (failed, json!({"type": "failed", "code": "agent_error", "message": "*** is out", "retryable": true})),
        (
            too_large,
            json!({"type": "failed", "code": "output_too_large", "message": "an event has 10 MB", "retryable": false}),
        ),
    ];
    for (end, expected) in ends {
        let long_run = LongRun::begin().await;
        // What looks like a failure decides nothing here.
        let message = long_run.end(0, &[json!({"type": "RUN_ERROR", "message": "no"}), json!("last")], end);
        assert!(long_run.relay([message]).await.is_empty());
        let frames = long_run.frames("c");
        assert_eq!(frames[2]["events"], json!([{"type": "RUN_ERROR", "message": "no"}, "last"]));
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(frames[3][member], *value, "{frames:?}");
        }
        assert_eq!(long_run.session().await.unstopped, None);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_behind_an_end_are_dropped() {
    let long_run = LongRun::begin().await;
    let late = || long_run.message(2, &[json!("late")]);
    assert!(long_run.relay([long_run.message(0, &[json!(0)]), long_run.completed(1), late()]).await.is_empty());
    assert!(long_run.relay([late(), long_run.completed(3)]).await.is_empty());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!([0]), json!("completed")]);
    assert!(long_run.engine.agents.stopped().is_empty());
    long_run.engine.say("c", &prompt("s", "next")).await;
    long_run.engine.work_next().await;
    assert!(long_run.relay([late()]).await.is_empty());
    assert!(long_run.session().await.active.is_some(), "the next run is not touched");
    assert_eq!(long_run.engine.frames("c", "next").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_ending_whose_relay_died_is_told_when_its_message_comes_again() {
    for answer_is_lost in [false, true] {
        let long_run = LongRun::begin().await;
        let end = || {
            [
                long_run.message(0, &[json!(0)]),
                long_run.end(
                    1,
                    &[json!(1)],
                    json!({"outcome": "failed", "code": "agent_error", "message": "no", "retryable": true}),
                ),
            ]
        };
        let sessions = AroundSessions::of(long_run.engine.tools.sessions.clone()).apply(move |apply| async move {
            match apply.transition {
                Transition::Finish { .. } if !answer_is_lost => Err(StoreError::Throttled),
                Transition::Finish { .. } => {
                    apply.done().await.unwrap().unwrap();
                    Err(StoreError::Unavailable("the answer was lost".to_owned()))
                }
                _ => apply.done().await,
            }
        });
        let dying = Tools { sessions: Arc::new(sessions), ..long_run.tools() };
        assert_eq!(long_run.relay_with(dying, end()).await, [0, 1]);
        assert!(long_run.relay(end()).await.is_empty());
        assert_eq!(contents(&long_run.frames("c"))[2..], [json!([0, 1]), json!("failed")], "{answer_is_lost}");
        assert!(long_run.engine.agents.stopped().is_empty(), "it has ended by itself");
        assert_eq!(long_run.engine.events.told().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_behind_at_the_end_gets_all_of_it() {
    let engine = engine_of(agents());
    engine.connect("d", Some("s")).await;
    let long_run = LongRun::of(engine, "r").await;
    long_run.engine.push.set("d", Manner::Hanging);
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    long_run.engine.push.set("d", Manner::Slow(SECOND));
    assert!(long_run.relay([long_run.end(1, &[json!(1)], json!({"outcome": "completed"}))]).await.is_empty());
    assert_eq!(contents(&long_run.frames("d")), contents(&long_run.frames("c")));
}

#[tokio::test(start_paused = true)]
async fn a_run_beyond_its_time_ends_with_the_next_message() {
    let mut long_run = LongRun::begin().await;
    long_run.settings.max_run = 10 * MINUTE;
    for index in 0..3 {
        pass(201.0).await;
        assert!(long_run.relay([long_run.message(index, &[json!(index)])]).await.is_empty());
    }
    let frames = long_run.frames("c");
    assert_eq!(contents(&frames)[2..], [json!([0]), json!([1]), json!("failed")]);
    assert_eq!(frames.last().unwrap()["code"], "deadline_exceeded");
    assert_eq!(long_run.engine.agents.stopped().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_within_the_hour_renews_what_nobody_has_ended() {
    let long_run = LongRun::begin().await;
    pass(6.0 * 60.0).await;
    assert!(long_run.relay([long_run.message(0, &[json!("late")]), long_run.completed(1)]).await.is_empty());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!(["late"]), json!("completed")]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_watches_is_stopped_if_that_is_wanted() {
    let mut long_run = LongRun::begin().await;
    long_run.settings.on_abandoned = agentcore_gateway::choices::OnAbandoned::Stop;
    long_run.engine.disconnect("c").await;
    assert!(long_run.relay([long_run.message(0, &[json!(0)])]).await.is_empty());
    let latest = long_run.session().await.latest.unwrap();
    assert_eq!(latest.outcome, agentcore_gateway::protocol::frame::Outcome::Stopped);
    assert_eq!(long_run.engine.agents.stopped().len(), 1);
}
