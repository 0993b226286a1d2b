//! What becomes of a run when a reply ends in each of its ways.

use std::time::Duration;

use agentcore_gateway::agent::ReplyError;
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::worker::settings::Settings;
use serde_json::{Value, json};

use super::calls::run;
use super::runs::prompt;
use crate::support::engine::{Engine, events_of};
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const MS: Duration = Duration::from_millis(1);

fn reply(steps: impl IntoIterator<Item = Step>) -> Script {
    Script::Reply(steps.into_iter().collect())
}

fn events(data: &[&str]) -> Step {
    Step::Events(data.iter().map(|data| (*data).to_owned()).collect())
}

fn named(name: &str, data: &str) -> Step {
    Step::Event(Event::from_data(data).named(name))
}

/// That the run failed so: code, message, whether to try again.
#[track_caller]
fn assert_failed(ending: &Value, code: &str, message: &str, retryable: bool) {
    let told = (&ending["code"], &ending["message"], &ending["retryable"]);
    assert_eq!(told, (&json!(code), &json!(message), &json!(retryable)), "{ending}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_keeps_what_came_before() {
    let (received, ending, _, _) = run(|_| reply([events(&["1", "2"]), Step::Break])).await;
    assert_eq!(received, [json!(1), json!(2)]);
    assert_failed(&ending, "agent_error", "The agent's reply broke off.", true);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_behind_a_failure_has_that_failures_words() {
    let (received, ending, _, _) = run(|_| reply([named("error", "no tool"), events(&["[DONE]"]), Step::Break])).await;
    assert_eq!(received, [json!("no tool"), json!("[DONE]")]);
    assert_failed(&ending, "agent_error", "no tool", true);
    let (_, ending, _, _) = run(|_| reply([named("error", "no tool"), events(&["1"]), Step::Break])).await;
    assert_failed(&ending, "agent_error", "The agent's reply broke off.", true);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_a_final_failure_is_delivered_and_ends_the_run() {
    let sdk = r#"{"error":"no tool","error_type":"ValueError","message":"An error occurred during streaming"}"#;
    let ag_ui = r#"{"type":"RUN_ERROR","message":"no tool","code":"X"}"#;
    for failure in [sdk, ag_ui] {
        let expected = [json!(1), serde_json::from_str(failure).unwrap()];
        let (received, ending, _, _) = run(move |_| stream(["1", failure, "3"], MS)).await;
        assert_eq!(received, expected, "what comes after it is not read");
        assert_failed(&ending, "agent_error", "no tool", true);
        let (received, _, _, _) = run(move |_| reply([events(&["1", failure, "3"])])).await;
        assert_eq!(received, expected, "nor is what comes with it");
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_failure_is_the_runs_if_the_agent_does_not_go_on() {
    let failure = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let value: Value = serde_json::from_str(failure).unwrap();
    for (name, marks) in [("", &[][..]), ("error", &["[DONE]", r#"{"type":"message_stop"}"#])] {
        let steps = [events(&["1"]), named(name, failure), events(marks)];
        let (received, ending, _, _) = run(move |_| reply(steps.clone())).await;
        assert_eq!(received.len(), 2 + marks.len(), "all is delivered: {received:?}");
        assert_eq!(received[1], value);
        assert_failed(&ending, "agent_error", "Overloaded", true);
    }
    let (received, ending, ..) = run(move |_| stream(["1", failure, "2"], MS)).await;
    assert_eq!((received, &ending["type"]), (vec![json!(1), value, json!(2)], &json!("completed")));
}

#[tokio::test(start_paused = true)]
async fn an_error_without_data_is_a_failure_of_which_nothing_is_delivered() {
    let bare = || Step::Event(Event::error_without_data());
    let (received, ending, ..) = run(move |_| reply([events(&["1"]), bare()])).await;
    assert_eq!(received, [json!(1)]);
    assert_failed(&ending, "agent_error", "The agent reported an error.", true);
    let (received, ending, ..) = run(move |_| reply([bare(), events(&["1"])])).await;
    assert_eq!((received, &ending["type"]), (vec![json!(1)], &json!("completed")));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_ag_ui_that_does_not_finish_has_broken_off() {
    let started = r#"{"type":"RUN_STARTED","threadId":"t","runId":"r"}"#;
    let (received, ending, ..) = run(move |_| stream([started, "1"], MS)).await;
    assert_eq!(received.len(), 2);
    assert_failed(&ending, "agent_error", "The agent's reply broke off.", true);
    let (_, ending, ..) = run(move |_| stream([started, "1", r#"{"type":"RUN_FINISHED"}"#], MS)).await;
    assert_eq!(ending["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_cannot_be_read_will_not_be_better_the_next_time() {
    let no_stream = "The agent's reply is no event stream, though its Content-Type says so.";
    let unknown = "The agent's reply has the content encoding \"br\", which is not decoded.";
    let bad = "The agent's reply cannot be decoded: it is no valid gzip.";
    for (error, message, goes_on) in [
        (ReplyError::NoEventStream, no_stream, false),
        (ReplyError::UnknownEncoding("br".to_owned()), unknown, true),
        (ReplyError::BadEncoding("gzip"), bad, true),
    ] {
        let agents = ScriptedAgents::new(move |_, _| reply([events(&["1"]), Step::Fail(error.clone())]));
        let engine = Engine::new(agents);
        engine.say("c", &prompt("s", "r")).await;
        assert!(engine.work_next().await);
        let mut frames = engine.frames("c", "r");
        assert_failed(&frames.pop().unwrap(), "agent_error", message, false);
        assert_eq!(events_of(&frames), [json!(1)]);
        assert_eq!(engine.agents.stopped().len(), usize::from(goes_on), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_keep_their_names_live_and_replayed() {
    let agents = ScriptedAgents::new(|_, _| {
        reply([
            named("updates", r#"{"a":1}"#),
            Step::Wait(1000 * MS),
            events(&["2"]),
            named("messages/partial", "[3]"),
            named("message", "4"),
            Step::Wait(1000 * MS),
            named("värde", &format!("\"{}\"", "x".repeat(40_000))),
            events(&["6"]),
        ])
    });
    let engine = Engine::new(agents);
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    let frames = engine.frames("c", "r");
    let names: Vec<_> = frames.iter().map(|frame| frame.get("names").cloned()).collect();
    assert_eq!(names[1], Some(json!({"0": "updates"})));
    assert_eq!(names[2], Some(json!({"1": "messages/partial"})), "{:?}", frames[2]);
    let parts: Vec<_> = frames.iter().filter(|frame| frame.get("part").is_some()).collect();
    assert!(parts.len() > 1 && parts.iter().all(|frame| frame["name"] == "värde"));
    assert_eq!(names[names.len() - 2..], [None, None], "the last event has none, nor has the ending");
    engine.say("d", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    assert_eq!(engine.frames("d", "r"), frames);
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
