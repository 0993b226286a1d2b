//! The messages with an `action`.

use agentcore_gateway::protocol::message::{ClientMessage, Resume, Stop};
use agentcore_gateway::protocol::rejection::RejectCode::{InvalidJson, InvalidRequest, TooLarge};

use super::{assert_refused, assert_refused_of, request, session};

const ALL_ACTIONS: [&str; 6] = ["\"action\"", "resume", "stop", "upload", "ping", "echo"];

fn resume(text: &str) -> Resume {
    match ClientMessage::parse(text) {
        Ok(ClientMessage::Resume(resume)) => resume,
        other => panic!("no resume: {other:?}"),
    }
}

fn echo(text: &str) -> String {
    match ClientMessage::parse(text) {
        Ok(ClientMessage::Echo(data)) => data.get().to_owned(),
        other => panic!("no echo: {other:?}"),
    }
}

#[test]
fn a_resume_needs_only_its_session() {
    let expected = Resume { session: session("s"), request: None, after: 0 };
    assert_eq!(resume(r#"{"action":"resume","sessionId":"s"}"#), expected);
}

#[test]
fn a_resume_may_name_the_request_and_where_to_go_on() {
    let expected = Resume { session: session("s"), request: Some(request("r1")), after: 7 };
    assert_eq!(resume(r#"{"after":7,"requestId":"r1","sessionId":"s","action":"resume"}"#), expected);
}

#[test]
fn after_is_any_whole_number_however_it_is_written() {
    let cases = [
        ("0", 0),
        ("-0", 0),
        ("3.0", 3),
        ("1e3", 1000),
        ("1.5e1", 15),
        ("18446744073709551615", u64::MAX),
        ("18446744073709551616", u64::MAX),
        ("1e300", u64::MAX),
    ];
    for (text, after) in cases {
        let message = format!(r#"{{"action":"resume","sessionId":"s","after":{text}}}"#);
        assert_eq!(resume(&message).after, after, "{text}");
    }
}

#[test]
fn after_that_is_no_whole_number_is_refused() {
    for value in ["-1", "0.5", "1e-1", "-1e300", "null", "\"3\"", "true", "[]", "{}"] {
        let text = format!(r#"{{"action":"resume","sessionId":"s","requestId":"r1","after":{value}}}"#);
        assert_refused_of(&text, InvalidRequest, &["\"after\" must be a whole number"], Some("r1"));
    }
}

#[test]
fn after_beyond_what_a_parser_holds_is_invalid_json() {
    let text = r#"{"action":"resume","sessionId":"s","requestId":"r1","after":1e400}"#;
    assert_refused_of(text, InvalidJson, &["\"after\""], Some("r1"));
}

#[test]
fn a_stop_needs_only_its_session_and_may_name_the_request() {
    for (text, named) in [("", None), (r#","requestId":"r1""#, Some(request("r1")))] {
        let text = format!(r#"{{"action":"stop","sessionId":"s"{text}}}"#);
        let Ok(ClientMessage::Stop(stop)) = ClientMessage::parse(&text) else { panic!("no stop: {text}") };
        assert_eq!(stop, Stop { session: session("s"), request: named });
    }
}

#[test]
fn resume_and_stop_without_a_session_are_refused() {
    for action in ["resume", "stop"] {
        let text = format!(r#"{{"action":"{action}","requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &["\"sessionId\" must be given"], Some("r1"));
    }
}

#[test]
fn resume_and_stop_keep_the_rules_of_identifiers() {
    for action in ["resume", "stop"] {
        let bad_session = format!(r#"{{"action":"{action}","requestId":"r1","sessionId":"a\tb"}}"#);
        assert_refused_of(&bad_session, InvalidRequest, &["\"sessionId\"", "control characters"], Some("r1"));
        let bad_request = format!(r#"{{"action":"{action}","requestId":"a b","sessionId":"s"}}"#);
        assert_refused(&bad_request, InvalidRequest, &["\"requestId\"", "1 to 64 characters"]);
        let no_string = format!(r#"{{"action":"{action}","sessionId":null}}"#);
        assert_refused(&no_string, InvalidRequest, &["\"sessionId\" must be a string"]);
    }
}

#[test]
fn a_ping_is_a_ping_whatever_else_it_holds() {
    for text in [r#"{"action":"ping"}"#, r#"{"action":"p\u0069ng","data":1,"prompt":"x"}"#] {
        assert!(matches!(ClientMessage::parse(text), Ok(ClientMessage::Ping)), "{text}");
    }
}

#[test]
fn an_echo_gives_its_data_back_as_they_came() {
    for data in [r#"{"b":1.50,"a":[1e2, "\u00e9"]}"#, "null", "[]", "123456789012345678901234567890", r#""x""#] {
        assert_eq!(echo(&format!(r#"{{"action":"echo","data": {data} }}"#)), data);
    }
}

#[test]
fn an_echo_without_data_is_null() {
    assert_eq!(echo(r#"{"action":"echo"}"#), "null");
}

#[test]
fn an_echo_that_would_not_fit_a_frame_is_too_large() {
    let frame = r#"{"type":"echo","data":""}"#.len();
    let fits = "x".repeat(32 * 1024 - frame);
    assert_eq!(echo(&format!(r#"{{"action":"echo","data":"{fits}"}}"#)).len(), fits.len() + 2);
    let text = format!(r#"{{"action":"echo","data":"{fits}x","requestId":"r1"}}"#);
    assert_refused_of(&text, TooLarge, &["\"data\"", "32768 bytes"], Some("r1"));
}

#[test]
fn an_unknown_action_is_refused_and_told_which_there_are() {
    for action in ["", "prompt", "Resume", "resume ", "$default", r"\u0000"] {
        let text = format!(r#"{{"action":"{action}","sessionId":"s","requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &ALL_ACTIONS, Some("r1"));
    }
}

#[test]
fn an_action_that_is_no_string_is_refused_and_told_which_there_are() {
    for action in ["null", "1", "[]", "{}", "false"] {
        let text = format!(r#"{{"action":{action},"requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &ALL_ACTIONS, Some("r1"));
    }
}

#[test]
fn an_unknown_action_beside_a_prompt_is_refused() {
    for action in ["\"ask\"", "\"\"", "null"] {
        let text = format!(r#"{{"prompt":"x","action":{action},"requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &ALL_ACTIONS, Some("r1"));
    }
}
