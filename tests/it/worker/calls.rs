//! What becomes of a run when the agent fails in each of its ways.

use std::time::Duration;

use agentcore_gateway::agent::InvokeError;
use agentcore_gateway::worker::settings::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runs::prompt;
use crate::support::engine::{Engine, events_of};
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Runs one prompt; returns the events, the ending, the number of calls and the time it took.
async fn run(author: impl Fn(usize) -> Script + Send + Sync + 'static) -> (Vec<Value>, Value, usize, Duration) {
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
        (InvokeError::Conflict(words()), "agent_error", false),
        (InvokeError::AgentFailed(words()), "agent_error", true),
        (InvokeError::AccessDenied, "agent_unavailable", false),
        (InvokeError::NotFound, "agent_unavailable", false),
        (InvokeError::Platform(500), "agent_unavailable", true),
        (InvokeError::Platform(502), "agent_unavailable", true),
        (InvokeError::Platform(503), "agent_unavailable", true),
        (InvokeError::Platform(504), "agent_unavailable", true),
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
        assert!(took > 45 * SECOND && took <= 60 * SECOND, "{took:?}");
        assert!((7..40).contains(&calls), "the pauses grow: {calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_stays_closed_ends_the_run_after_ten_seconds() {
    let (_, ending, calls, took) = run(|_| error(&InvokeError::Refused)).await;
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("agent_unavailable"), &json!(true)));
    assert!(took > 9 * SECOND && took <= 10 * SECOND, "{took:?}");
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

#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_keeps_what_came_before() {
    let (events, ending, _, _) =
        run(|_| Script::Reply(vec![Step::Events(vec!["1".to_owned(), "2".to_owned()]), Step::Break])).await;
    assert_eq!(events, [json!(1), json!(2)]);
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("agent_error"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_reports_a_failure_is_delivered_and_ends_the_run() {
    let sdk = r#"{"error":"no tool","error_type":"ValueError","message":"An error occurred during streaming"}"#;
    let ag_ui = r#"{"type":"RUN_ERROR","message":"no tool","code":"X"}"#;
    for failure in [sdk, ag_ui] {
        let (events, ending, _, _) = run(move |_| stream(["1", failure, "3"], MS)).await;
        assert_eq!(events, [json!(1), serde_json::from_str(failure).unwrap()], "what comes after it is not read");
        assert_eq!((&ending["code"], &ending["message"]), (&json!("agent_error"), &json!("no tool")));
    }
    let (events, ending, ..) = run(|_| stream([r#"{"error":"a value","message":"no failure"}"#], MS)).await;
    assert_eq!((events.len(), &ending["type"]), (1, &json!("completed")), "all three members make a failure");
}

#[tokio::test(start_paused = true)]
async fn a_reply_beyond_the_limit_ends_there() {
    assert_eq!(Settings::default().max_reply_bytes, 32 * 1024 * 1024);
    let agents = ScriptedAgents::new(|_, _| stream(["123", "456", "789", "0"], MS));
    let engine = Engine::with(agents, |tools| tools.settings.max_reply_bytes = 9);
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    let mut frames = engine.frames("c", "r");
    let ending = frames.pop().unwrap();
    assert_eq!(events_of(&frames), [json!(123), json!(456), json!(789)]);
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("output_too_large"), &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn the_agents_session_is_stopped_where_the_agent_may_still_be_at_work_and_nowhere_else() {
    let events = || Step::Events(vec!["1".to_owned(), "\"more than 9 bytes\"".to_owned()]);
    let cases = [
        ("completed", vec![], 0),
        ("agent_error", vec![Step::Break], 0),
        ("agent_timeout", vec![Step::Hang], 1),
        ("output_too_large", vec![events()], 1),
    ];
    for (end, steps, stopped) in cases {
        let agents = ScriptedAgents::new(move |_, _| Script::Reply(steps.clone()));
        let engine = Engine::with(agents, |tools| tools.settings.max_reply_bytes = 9);
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await);
        let ending = engine.frames("c", "r").pop().unwrap();
        assert_eq!(ending.get("code").unwrap_or(&ending["type"]), end);
        assert_eq!(engine.agents.stopped().len(), stopped, "{end}");
    }
}
