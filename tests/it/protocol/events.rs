//! What an agent's data becomes.

use agentcore_gateway::protocol::event::Event;
use serde_json::Value;

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
