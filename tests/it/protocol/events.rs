//! What an agent's data becomes, and when it reports a failure.

use agentcore_gateway::protocol::event::Event;
use serde_json::Value;

fn failure(data: &str) -> Option<String> {
    Event::from_data(data).failure()
}

#[test]
fn data_that_is_not_json_is_a_string() {
    for data in ["hello", "[DONE]", "{", "{\"a\":1} x", "\"open", "01", "line 1\nline 2", "a\rb\u{2028}\0", "\u{feff}1"]
    {
        let event = Event::from_data(data);
        assert_eq!(serde_json::from_str::<Value>(event.as_json()).unwrap(), Value::from(data));
    }
}

#[test]
fn empty_data_is_an_empty_string() {
    assert_eq!(Event::from_data("").as_json(), "\"\"");
}

#[test]
fn white_space_around_json_is_dropped_and_alone_is_a_string() {
    assert_eq!(Event::from_data(" {\"a\": 1}\n").as_json(), "{\"a\": 1}");
    assert_eq!(Event::from_data("  ").as_json(), "\"  \"");
}

#[test]
fn text_stays_text_even_if_it_looks_like_json() {
    assert_eq!(Event::from_text("{\"a\":1}").as_json(), r#""{\"a\":1}""#);
}

#[test]
fn an_event_that_would_nest_too_deep_in_a_frame_is_a_string() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(Event::from_data(nested(125)).as_json(), nested(125));
    assert_eq!(Event::from_data(nested(126)).as_json(), format!("\"{}\"", nested(126)));
    assert_eq!(Event::from_data(nested(100_000)).as_json().len(), 200_002);
}

#[test]
fn the_error_event_of_the_python_sdk_is_a_failure() {
    let event = r#"{"error": "boom é", "error_type": "ValueError", "message": "An error occurred during streaming"}"#;
    assert_eq!(failure(event), Some("boom é".to_owned()));
    assert_eq!(failure(r#"{"more":1,"message":"m","error_type":"E","error":{"a":1}}"#), Some(r#"{"a":1}"#.to_owned()));
}

#[test]
fn all_three_of_its_members_are_a_failure_whatever_their_values() {
    for value in ["null", "\"\"", "[]", "0", "{}"] {
        let event = format!(r#"{{"error":{value},"error_type":{value},"message":{value}}}"#);
        assert!(failure(&event).is_some_and(|words| !words.is_empty()), "{event}");
    }
}

#[test]
fn two_of_its_three_members_are_no_failure() {
    for event in [
        r#"{"error":"e","error_type":"E"}"#,
        r#"{"error":"e","message":"m"}"#,
        r#"{"error_type":"E","message":"m"}"#,
        r#"{"event":{"error":"e","error_type":"E","message":"m"}}"#,
        r#"[{"error":"e","error_type":"E","message":"m"}]"#,
        r#""{\"error\":\"e\",\"error_type\":\"E\",\"message\":\"m\"}""#,
    ] {
        assert_eq!(failure(event), None, "{event}");
    }
}

#[test]
fn run_error_of_ag_ui_is_a_failure() {
    assert_eq!(failure(r#"{"type":"RUN_ERROR","message":"no","code":"x"}"#), Some("no".to_owned()));
    assert!(failure(r#"{"type":"RUN_ERROR"}"#).is_some_and(|words| !words.is_empty()));
    for event in [r#"{"type":"RUN_FINISHED"}"#, r#"{"type":"run_error","message":"no"}"#, r#"{"type":["RUN_ERROR"]}"#] {
        assert_eq!(failure(event), None, "{event}");
    }
}

#[test]
fn the_agents_own_words_are_cut_at_500_characters() {
    let event = |words: &str| format!(r#"{{"type":"RUN_ERROR","message":"{words}"}}"#);
    assert_eq!(failure(&event(&"é".repeat(500))), Some("é".repeat(500)));
    assert_eq!(failure(&event(&"é".repeat(501))), Some("é".repeat(500)));
}

#[test]
fn empty_words_are_replaced() {
    for words in [r#""""#, "null"] {
        let words = failure(&format!(r#"{{"type":"RUN_ERROR","message":{words}}}"#)).unwrap();
        assert!(words.len() > 4, "{words:?}");
    }
}
