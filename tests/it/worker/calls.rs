//! What becomes of a run when the agent fails in each of its ways.

use std::time::Duration;

use agentcore_gateway::agent::InvokeError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runs::prompt;
use crate::support::engine::{Engine, events_of};
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Runs one prompt; returns the events, the ending, the number of calls and the time it took.
pub async fn run(author: impl Fn(usize) -> Script + Send + Sync + 'static) -> (Vec<Value>, Value, usize, Duration) {
    let engine = Engine::new(ScriptedAgents::new(move |_, call| author(call)));
    engine.say("c", &prompt("s", "r")).await;
    let began = Instant::now();
    assert!(engine.work_next().await);
    let mut frames = engine.frames("c", "r");
    let ending = frames.pop().unwrap();
    (events_of(&frames), ending, engine.agents.calls().len(), began.elapsed())
}

fn error(error: &InvokeError) -> Script {
    Script::Error(error.clone())
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_a_call_has_its_code_and_says_whether_to_try_again() {
    let words = || "the agent's words".to_owned();
    let cases = [
        (InvokeError::Invalid { status: 400, message: words() }, "agent_error", false),
        (InvokeError::Invalid { status: 405, message: words() }, "agent_error", false),
        (InvokeError::Invalid { status: 408, message: words() }, "agent_error", true),
        (InvokeError::Invalid { status: 413, message: words() }, "agent_error", false),
        (InvokeError::Invalid { status: 425, message: words() }, "agent_error", true),
        (InvokeError::Invalid { status: 499, message: words() }, "agent_error", false),
        (InvokeError::Conflict(words()), "agent_error", false),
        (InvokeError::AgentFailed(words()), "agent_error", true),
        (InvokeError::AccessDenied, "agent_unavailable", false),
        (InvokeError::NotFound, "agent_unavailable", false),
        (InvokeError::Platform(500), "agent_unavailable", true),
        (InvokeError::Platform(502), "agent_unavailable", true),
        (InvokeError::Platform(503), "agent_unavailable", true),
        (InvokeError::Platform(504), "agent_unavailable", true),
        (InvokeError::Unexpected(301), "agent_unavailable", false),
        (InvokeError::Unexpected(307), "agent_unavailable", false),
        (InvokeError::Unexpected(399), "agent_unavailable", false),
        (InvokeError::NoAnswer("secret detail".to_owned()), "agent_unavailable", true),
        (InvokeError::Unreachable("secret detail".to_owned()), "agent_unavailable", true),
        (InvokeError::Credentials("secret detail".to_owned()), "internal", true),
    ];
    for (failure, code, retryable) in cases {
        let (events, ending, calls, _) = run({
            let failure = failure.clone();
            move |_| error(&failure)
        })
        .await;
        assert_eq!((ending["type"].as_str(), calls), (Some("failed"), 1), "{failure:?} is never tried again");
        assert_eq!((&ending["code"], &ending["retryable"]), (&json!(code), &json!(retryable)), "{failure:?}");
        let message = ending["message"].as_str().unwrap();
        assert_eq!(message == "the agent's words", code == "agent_error", "{message}");
        assert!(!message.contains("secret"), "{message}");
        assert!(events.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_not_reached_the_agent_is_tried_again() {
    for failure in
        [InvokeError::QuotaExceeded, InvokeError::Throttled, InvokeError::RetryableConflict, InvokeError::Refused]
    {
        let (events, ending, calls, _) = run({
            let failure = failure.clone();
            move |call| if call < 3 { error(&failure) } else { stream(["1"], MS) }
        })
        .await;
        assert_eq!((ending["type"].as_str(), calls), (Some("completed"), 4), "{failure:?}");
        assert_eq!(events, [json!(1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_stays_used_up_ends_the_run_after_the_retry_window() {
    for failure in [InvokeError::QuotaExceeded, InvokeError::Throttled, InvokeError::RetryableConflict] {
        let (_, ending, calls, took) = run(move |_| error(&failure)).await;
        assert_eq!((&ending["code"], &ending["retryable"]), (&json!("agent_throttled"), &json!(true)));
        assert_eq!(took.as_secs(), 60, "the last try is at the end of the window");
        assert!((7..40).contains(&calls), "the pauses grow: {calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_stays_closed_ends_the_run_after_ten_seconds() {
    let (_, ending, calls, took) = run(|_| error(&InvokeError::Refused)).await;
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("agent_unavailable"), &json!(true)));
    assert_eq!(took.as_secs(), 10, "the last try is at the end of the window");
    assert!(calls > 10, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_never_answers_or_falls_silent_ends_as_a_time_out() {
    let (_, ending, calls, took) = run(|_| Script::Silence).await;
    assert_eq!((&ending["code"], calls), (&json!("agent_timeout"), 1));
    assert_eq!(took.as_secs(), 300);
    let script = || Script::Reply(vec![Step::Wait(200 * SECOND), Step::Events(vec!["1".to_owned()]), Step::Hang]);
    let (events, ending, _, took) = run(move |_| script()).await;
    assert_eq!((events, &ending["code"]), (vec![json!(1)], &json!("agent_timeout")));
    assert_eq!(took.as_secs(), 500, "every byte starts the silence anew");
}

/// The times in ms and the `waiting` of all `progress` frames that `connection` was sent.
fn waits(engine: &Engine, connection: &str) -> Vec<(u64, Option<String>)> {
    let frames = engine.push.received(connection).into_iter().filter(|frame| frame["type"] == "progress");
    let wait = |frame: Value| {
        let members = frame.as_object().unwrap().len();
        let waiting = frame.get("waiting").map(|waiting| waiting.as_str().unwrap().to_owned());
        assert_eq!(members, 4 + usize::from(waiting.is_some()), "{frame}");
        (frame["elapsedMs"].as_u64().unwrap(), waiting)
    };
    frames.map(wait).collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_at_once_that_a_call_is_tried_again_and_why() {
    for (failure, code, window) in [
        (InvokeError::Throttled, "agent_throttled", 60),
        (InvokeError::QuotaExceeded, "agent_throttled", 60),
        (InvokeError::RetryableConflict, "agent_throttled", 60),
        (InvokeError::Refused, "agent_unavailable", 10),
    ] {
        let engine = Engine::new(ScriptedAgents::new(move |_, _| error(&failure)));
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await);
        // The last try is when another would be due.
        let before_the_last = |(at, _): &(u64, Option<String>)| *at < window * 1000;
        let waits: Vec<_> = waits(&engine, "c").into_iter().filter(before_the_last).collect();
        assert_eq!(waits[0], (0, Some(code.to_owned())), "with the first attempt that failed");
        assert!(waits.iter().all(|(_, waiting)| waiting.as_deref() == Some(code)), "{waits:?}");
        let expected: Vec<u64> = (0..window).step_by(20).map(|second| second * 1000).collect();
        assert_eq!(waits.iter().map(|(at, _)| at / 100 * 100).collect::<Vec<_>>(), expected, "then as ever");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_another_reason_too() {
    let agents = ScriptedAgents::new(|_, call| match call {
        0..3 => error(&InvokeError::Refused),
        3..6 => error(&InvokeError::Throttled),
        _ => stream(["1"], 50 * SECOND),
    });
    let engine = Engine::new(agents);
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    let reasons: Vec<_> = waits(&engine, "c").into_iter().map(|(_, waiting)| waiting).collect();
    let waiting = |code: &str| Some(code.to_owned());
    assert_eq!(reasons, [waiting("agent_unavailable"), waiting("agent_throttled"), None, None], "then it was called");
}

#[tokio::test(start_paused = true)]
async fn nobody_hears_of_a_call_that_is_not_tried_again() {
    for settings in [0, 60] {
        let agents = ScriptedAgents::new(move |_, _| match settings {
            0 => error(&InvokeError::Throttled),
            _ => error(&InvokeError::Platform(500)),
        });
        let engine = Engine::with(agents, |tools| tools.settings.retry_window = settings * SECOND);
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await);
        assert_eq!(waits(&engine, "c"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_comes_later_hears_that_the_agent_is_waited_for() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| error(&InvokeError::Throttled)));
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    crate::support::clock::pass(33.0).await;
    engine.say("d", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    assert!(worker.await.unwrap());
    let waits = waits(&engine, "d");
    assert_eq!(waits[0].1.as_deref(), Some("agent_throttled"));
    assert!((33_000..35_000).contains(&waits[0].0), "{waits:?}");
}
