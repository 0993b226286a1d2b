//! The answers, member by member.

use agentcore_gateway::protocol::answer::{Answer, RequestState};
use agentcore_gateway::protocol::message::ClientMessage;
use agentcore_gateway::protocol::rejection::{RejectCode, Rejection};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{request, session};

fn value(answer: &Answer) -> Value {
    serde_json::from_str(&answer.to_text()).unwrap()
}

#[test]
fn accepted_names_request_and_session() {
    let answer = Answer::Accepted { request_id: request("r1"), session_id: session("s\"é") };
    assert_eq!(value(&answer), json!({"type": "accepted", "requestId": "r1", "sessionId": "s\"é"}));
}

#[test]
fn rejected_has_every_code_and_says_whether_it_may_pass() {
    let codes = [
        (RejectCode::InvalidJson, "invalid_json", false),
        (RejectCode::InvalidRequest, "invalid_request", false),
        (RejectCode::TooLarge, "too_large", false),
        (RejectCode::UnknownAgent, "unknown_agent", false),
        (RejectCode::NotFound, "not_found", false),
        (RejectCode::ReplayExpired, "replay_expired", false),
        (RejectCode::RateLimited, "rate_limited", true),
        (RejectCode::Unavailable, "unavailable", true),
    ];
    for (code, name, retryable) in codes {
        let rejection = Rejection::new(code, "Why.");
        let bare = json!({"type": "rejected", "code": name, "message": "Why.", "retryable": retryable});
        assert_eq!(value(&Answer::from(rejection.clone())), bare);
        let named = json!({
            "type": "rejected", "code": name, "message": "Why.", "requestId": "r1", "retryable": retryable
        });
        assert_eq!(value(&Answer::from(rejection.of(Some(request("r1"))))), named);
    }
}

#[test]
fn resumed_has_every_state() {
    let states = [
        (RequestState::Queued, "queued"),
        (RequestState::Running, "running"),
        (RequestState::Completed, "completed"),
        (RequestState::Failed, "failed"),
        (RequestState::Stopped, "stopped"),
    ];
    for (state, name) in states {
        let answer =
            Answer::Resumed { request_id: Some(request("r1")), session_id: session("s"), after: u64::MAX, state };
        let expected =
            json!({"type": "resumed", "requestId": "r1", "sessionId": "s", "after": u64::MAX, "state": name});
        assert_eq!(value(&answer), expected);
    }
}

#[test]
fn resumed_of_an_idle_session_has_the_one_null_there_is() {
    let answer = Answer::Resumed { request_id: None, session_id: session("s"), after: 0, state: RequestState::Idle };
    let expected = json!({"type": "resumed", "requestId": null, "sessionId": "s", "after": 0, "state": "idle"});
    assert_eq!(value(&answer), expected);
}

#[test]
fn stopping_names_request_and_session() {
    let answer = Answer::Stopping { request_id: request("r1"), session_id: session("s") };
    assert_eq!(value(&answer), json!({"type": "stopping", "requestId": "r1", "sessionId": "s"}));
}

#[test]
fn pong_has_only_its_type() {
    // API Gateway gives this very text without running a function.
    assert_eq!(Answer::Pong.to_text(), r#"{"type":"pong"}"#);
}

#[test]
fn echo_holds_the_data_as_they_came() {
    for data in ["null", r#"{"b":1.50,"a":1e400}"#, r#"[1, "é"]"#] {
        let answer = Answer::echo(RawValue::from_string(data.to_owned()).unwrap()).unwrap();
        assert_eq!(answer.to_text(), format!(r#"{{"type":"echo","data":{data}}}"#));
    }
}

#[test]
fn an_echo_has_at_most_32_kib() {
    let echo = |length: usize| Answer::echo(RawValue::from_string(format!("\"{}\"", "x".repeat(length))).unwrap());
    let most = 32 * 1024 - r#"{"type":"echo","data":""}"#.len();
    assert_eq!(echo(most).unwrap().to_text().len(), 32 * 1024);
    let rejection = echo(most + 1).unwrap_err();
    assert_eq!(rejection.code, RejectCode::TooLarge);
    assert!(rejection.message.contains("\"data\""), "{}", rejection.message);
}

#[test]
fn the_largest_answers_fit_a_frame() {
    let (request_id, session_id) = (request(&"r".repeat(64)), session(&"\"".repeat(256)));
    let accepted = Answer::Accepted { request_id, session_id };
    assert!(accepted.to_text().len() <= 32 * 1024);
    let long = "x".repeat(120 * 1024);
    for text in
        [format!(r#"{{"action":"{long}"}}"#), format!(r#"{{"{long}":1}}"#), format!(r#"{{"requestId":"{long}"}}"#)]
    {
        let rejection = ClientMessage::parse(&text).unwrap_err();
        assert!(Answer::from(rejection).to_text().len() < 1024);
    }
}
