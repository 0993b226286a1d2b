//! What an agent is given: digits and order of members as the client wrote them.

use agentcore_gateway::protocol::event::Event;
use serde_json::{Value, json};

use super::{prompt, request};

const RUNTIME: &str = "runtime-session-00000000000000000000";

fn invocation(text: &str) -> String {
    prompt(text).body.given().unwrap().invocation(RUNTIME, &request("r1"), None).into()
}

#[test]
fn a_prompt_becomes_prompt_session_and_request() {
    let expected = format!(r#"{{"prompt":"say \"hi\"\n\u00e9\u0000","sessionId":"{RUNTIME}","requestId":"r1"}}"#);
    assert_eq!(invocation(r#"{"prompt":"say \"hi\"\n\u00e9\u0000","sessionId":"mine"}"#), expected);
}

#[test]
fn parameters_are_merged_as_they_came() {
    let body = invocation(r#"{"prompt":"x","parameters":{ "z":1.10, "a":{"k":1e2,"b":12345678901234567890123} }}"#);
    let expected = format!(
        r#"{{"prompt":"x","sessionId":"{RUNTIME}","requestId":"r1","z":1.10, "a":{{"k":1e2,"b":12345678901234567890123}}}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn empty_parameters_add_nothing() {
    for parameters in ["{}", "{ }", "{\n\t}"] {
        let body = invocation(&format!(r#"{{"prompt":"x","parameters":{parameters}}}"#));
        let expected = json!({"prompt": "x", "sessionId": RUNTIME, "requestId": "r1"});
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    }
}

#[test]
fn an_input_is_given_as_it_came() {
    let inputs = [
        "{}",
        r#"{ "z": 1.000, "a": -0, "n": 1e400, "m": 100000000000000000000000000000000000001 }"#,
        r#"{"messages":[{"role":"user","content":[{"image":{"bytes":"aGk="}}]}],"threadId":"t","state":{}}"#,
        r#"{"prompt":"p","sessionId":"theirs","requestId":"","reply":1,"a":1,"a":2}"#,
        r#"{"s":"\u00e9\/\ud800"}"#,
    ];
    for input in inputs {
        assert_eq!(invocation(&format!(r#"{{"input": {input} ,"sessionId":"s"}}"#)), input);
    }
}

#[test]
fn an_event_keeps_its_text() {
    for text in ["1.50", "1e400", r#"{"b":1,"a":{"b":1}}"#, r#""\u00e9\ud800""#, "[1, 2]", "null", "-0.0"] {
        assert_eq!(Event::from_data(text).as_json(), text);
    }
}
