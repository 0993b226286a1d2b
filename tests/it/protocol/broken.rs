//! Texts that are no message at all.

use agentcore_gateway::protocol::rejection::RejectCode::{InvalidJson, InvalidRequest};
use agentcore_gateway::protocol::{MAX_NESTING, nesting};

use super::{assert_refused, assert_refused_of, prompt};

#[test]
fn a_text_that_does_not_parse_is_invalid_json() {
    let texts = [
        "",
        " ",
        "{",
        "hello",
        "{'prompt':'x'}",
        r#"{"prompt":"x"} {}"#,
        r#"{"prompt":"x",}"#,
        r#"{"prompt":"x"}}"#,
        r#"{"prompt":01}"#,
        r#"{"prompt":NaN}"#,
        r#"{"prompt":"a\qb"}"#,
        r#"{"prompt":"\u12"}"#,
        "{\"prompt\":\"a\nb\"}",
        "{\"prompt\":\"a\0b\"}",
        "\u{feff}{\"prompt\":\"x\"}",
        "{\"prompt\":\"x\"}\u{a0}",
        "{\"prompt\":\"x\"} // why",
    ];
    for text in texts {
        assert_refused(text, InvalidJson, &["JSON"]);
    }
}

#[test]
fn json_that_is_no_object_is_an_invalid_request() {
    for text in ["null", "true", "1", "1e999", "[]", r#"[{"prompt":"x"}]"#, r#""{}""#, " [] "] {
        assert_refused(text, InvalidRequest, &["must be a JSON object"]);
    }
}

#[test]
fn a_member_given_twice_is_refused() {
    for name in ["prompt", "input", "action", "sessionId", "requestId", "agent", "parameters", "after", "data"] {
        let text = format!(r#"{{"{name}":"x","{name}":"x"}}"#);
        let named = (name == "requestId").then_some("x");
        assert_refused_of(&text, InvalidRequest, &[&format!("\"{name}\" must be given only once")], named);
    }
    let escaped = r#"{"prompt":"x","requestId":"r1","pr\u006fmpt":"y"}"#;
    assert_refused_of(escaped, InvalidRequest, &["\"prompt\" must be given only once"], Some("r1"));
}

#[test]
fn an_unknown_member_may_come_twice() {
    prompt(r#"{"prompt":"x","other":1,"other":2}"#);
}

#[test]
fn a_hundred_thousand_levels_are_refused_without_a_stack_overflow() {
    const LEVELS: usize = 100_000;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let inner = if open == "[" { "" } else { "1" };
        let deep = format!("{}{inner}{}", open.repeat(LEVELS), close.repeat(LEVELS));
        assert_refused(&deep, InvalidJson, &["deep"]);
        for member in ["prompt", "input", "parameters", "data", "unknown", "requestId"] {
            assert_refused(&format!(r#"{{"action":"echo","{member}":{deep}}}"#), InvalidJson, &["deep"]);
        }
        assert_refused(&open.repeat(LEVELS), InvalidJson, &["JSON"]);
    }
}

#[test]
fn nesting_is_refused_from_the_128th_level_on() {
    let nested = |levels: usize| {
        format!(r#"{{"requestId":"r1","input":{{"a":{}{}}}}}"#, "[".repeat(levels - 2), "]".repeat(levels - 2))
    };
    assert_eq!(nesting(&nested(MAX_NESTING)), 127);
    prompt(&nested(MAX_NESTING));
    assert_refused_of(&nested(MAX_NESTING + 1), InvalidJson, &["127 levels"], Some("r1"));
}

#[test]
fn brackets_inside_strings_do_not_nest() {
    let brackets = r#"[{\"\\"#.repeat(200);
    prompt(&format!(r#"{{"prompt":"{brackets}","parameters":{{"a":["{brackets}"]}}}}"#));
}

#[test]
fn a_lone_surrogate_in_a_string_is_invalid_json() {
    for escape in [r"\ud800", r"a\udc00b", r"\ud800\u0041", r"\udc00\ud800"] {
        for member in ["prompt", "sessionId", "agent", "action"] {
            let prompt = if member == "prompt" { "" } else { r#""prompt":"x","# };
            let text = format!(r#"{{{prompt}"requestId":"r1","{member}":"{escape}"}}"#);
            assert_refused_of(&text, InvalidJson, &[member, "Unicode"], Some("r1"));
        }
    }
    assert_refused(r#"{"prompt":"x","requestId":"\ud800"}"#, InvalidJson, &["requestId", "Unicode"]);
    assert_refused(r#"{"prompt":"x","\ud800":1}"#, InvalidJson, &["member name", "Unicode"]);
}

#[test]
fn a_refusal_holds_nothing_of_the_message_nor_of_the_parser() {
    for text in [r#"{"prompt": secret}"#, r#"{"requestId":"se cret","prompt":"x"}"#, r#"{"action":"secret"}"#] {
        let message = super::refusal(text).message;
        assert!(!message.contains("secret") && !message.contains("expected"), "{message}");
    }
}
