//! The frames of a run, member by member.

use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::frame::{Ending, Failure, FailureCode, Frame, FrameMaker, Outcome};
use agentcore_gateway::protocol::output::Output;
use serde_json::{Value, json};

use super::{request, session};

fn maker() -> FrameMaker {
    FrameMaker::new(&request("r1"), &session("s\"é\\"))
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn check(frame: &Frame, seq: u64, outcome: Option<Outcome>, expected: &Value) {
    assert_eq!((frame.seq, frame.outcome), (seq, outcome));
    assert_eq!(value(&frame.text), *expected);
}

#[test]
fn started_is_the_first_frame() {
    let expected = json!({"type": "started", "requestId": "r1", "sessionId": "s\"é\\", "seq": 1});
    check(&maker().started(), 1, None, &expected);
}

#[test]
fn output_holds_events_in_order() {
    let mut output = Output::new(maker());
    for data in [r#""Start""#, r#"{"b":1,"a":[2]}"#, "1.50", "no JSON", ""] {
        output.add(Event::from_data(data));
    }
    let frames = output.cut(2);
    assert_eq!(frames.len(), 1);
    let text = r#""events":["Start",{"b":1,"a":[2]},1.50,"no JSON",""]"#;
    assert!(frames[0].text.contains(text), "{}", frames[0].text);
    let events = json!(["Start", {"b": 1, "a": [2]}, 1.50, "no JSON", ""]);
    let expected = json!({"type": "output", "requestId": "r1", "sessionId": "s\"é\\", "seq": 2, "events": events});
    check(&frames[0], 2, None, &expected);
}

#[test]
fn output_slices_an_event_that_fits_no_frame() {
    let mut output = Output::new(maker());
    output.add(Event::from_text(&"x".repeat(40_000)));
    let frames = output.cut(7);
    assert_eq!(frames.len(), 2);
    let mut whole = String::new();
    for (at, frame) in frames.iter().enumerate() {
        let text = value(&frame.text)["text"].as_str().unwrap().to_owned();
        let part = json!({"index": at, "last": at == 1});
        let seq = 7 + at as u64;
        let expected = json!({
            "type": "output", "requestId": "r1", "sessionId": "s\"é\\", "seq": seq, "part": part, "text": text
        });
        check(frame, seq, None, &expected);
        whole += &text;
    }
    assert_eq!(whole, format!("\"{}\"", "x".repeat(40_000)));
}

#[test]
fn progress_has_no_number() {
    let expected = json!({"type": "progress", "requestId": "r1", "sessionId": "s\"é\\", "elapsedMs": 20_000});
    assert_eq!(value(&maker().progress(20_000, None)), expected);
}

#[test]
fn completed_and_stopped_have_nothing_but_a_number() {
    for (ending, outcome, name) in
        [(Ending::Completed, Outcome::Completed, "completed"), (Ending::Stopped, Outcome::Stopped, "stopped")]
    {
        let expected = json!({"type": name, "requestId": "r1", "sessionId": "s\"é\\", "seq": 9});
        check(&maker().ending(9, &ending), 9, Some(outcome), &expected);
    }
}

#[test]
fn failed_has_every_code() {
    let codes = [
        (FailureCode::AgentError, "agent_error"),
        (FailureCode::AgentUnavailable, "agent_unavailable"),
        (FailureCode::AgentThrottled, "agent_throttled"),
        (FailureCode::AgentTimeout, "agent_timeout"),
        (FailureCode::DeadlineExceeded, "deadline_exceeded"),
        (FailureCode::Interrupted, "interrupted"),
        (FailureCode::Busy, "busy"),
        (FailureCode::OutputTooLarge, "output_too_large"),
        (FailureCode::Internal, "internal"),
    ];
    for (code, name) in codes {
        for (failure, retryable) in
            [(Failure::retryable(code, "a \"b\"\n"), true), (Failure::lasting(code, "a \"b\"\n"), false)]
        {
            let expected = json!({
                "type": "failed", "requestId": "r1", "sessionId": "s\"é\\", "seq": 3,
                "code": name, "message": "a \"b\"\n", "retryable": retryable
            });
            check(&maker().ending(3, &Ending::Failed(failure)), 3, Some(Outcome::Failed), &expected);
        }
    }
}

#[test]
fn the_failure_of_a_dead_worker_may_be_tried_again() {
    let failure = Failure::interrupted();
    assert_eq!((failure.code, failure.retryable), (FailureCode::Interrupted, true));
}

#[test]
fn the_largest_failure_fits_a_frame() {
    let maker = FrameMaker::new(&request(&"r".repeat(64)), &session(&"\"".repeat(256)));
    let failure = Failure::retryable(FailureCode::AgentError, "\0".repeat(500));
    assert!(maker.ending(u64::MAX, &Ending::Failed(failure)).text.len() <= 32 * 1024);
}
