//! The members of a prompt.

use agentcore_gateway::protocol::ids::{RequestId, SessionId};
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::protocol::rejection::RejectCode::InvalidRequest;

use super::{assert_refused, assert_refused_of, prompt};

#[test]
fn a_prompt_needs_nothing_but_its_text() {
    let prompt = prompt(r#"{"prompt":"hello"}"#);
    let PromptContent::Given(PromptBody::Prompt { prompt: text, parameters: None }) = prompt.body else { panic!() };
    assert_eq!(&*text, r#""hello""#);
    assert_eq!((prompt.session, prompt.request, prompt.agent), (None, None, None));
}

#[test]
fn a_prompt_may_name_session_request_and_agent() {
    let prompt = prompt(r#" {"prompt":"x","sessionId":"s 1 é","requestId":"r.1_-Z","agent":"No such agent"} "#);
    assert_eq!(prompt.session.as_ref().map(SessionId::as_str), Some("s 1 é"));
    assert_eq!(prompt.request.as_ref().map(RequestId::as_str), Some("r.1_-Z"));
    assert_eq!(prompt.agent.as_deref(), Some("No such agent"));
}

#[test]
fn unknown_members_are_ignored() {
    assert_eq!(prompt(r#"{"prompt":"x","Prompt":1,"token":null,"":[{}],"type":"y","principal":"me"}"#).request, None);
}

#[test]
fn escapes_in_names_and_values_are_read() {
    let prompt = prompt(r#"{"pr\u006fmpt":"a\n\u00e9\ud83d\ude00","session\u0049d":"\u006b"}"#);
    let PromptContent::Given(PromptBody::Prompt { prompt: text, .. }) = prompt.body else { panic!() };
    assert_eq!(&*text, r#""a\n\u00e9\ud83d\ude00""#, "as it came");
    assert_eq!(prompt.session.as_ref().map(SessionId::as_str), Some("k"));
}

#[test]
fn a_prompt_of_white_space_is_refused() {
    for white in ["", " ", r"\n\t\r", r"\u00a0\u2003\u3000", r"\u0085\u2028"] {
        assert_refused(&format!(r#"{{"prompt":"{white}"}}"#), InvalidRequest, &["\"prompt\"", "white space"]);
    }
}

#[test]
fn a_prompt_of_invisible_characters_that_are_no_white_space_is_taken() {
    for text in [r"\u200b", r"\u0000", r"\ufeff", " . "] {
        prompt(&format!(r#"{{"prompt":"{text}"}}"#));
    }
}

#[test]
fn a_prompt_that_is_no_string_is_refused() {
    for value in ["null", "1", "true", "[]", r#"{"a":1}"#] {
        assert_refused(&format!(r#"{{"prompt":{value}}}"#), InvalidRequest, &["\"prompt\" must be a string"]);
    }
}

#[test]
fn an_input_that_is_no_object_is_refused() {
    for value in ["null", "1", "true", "[{}]", r#""{}""#] {
        assert_refused(&format!(r#"{{"input":{value}}}"#), InvalidRequest, &["\"input\" must be an object"]);
    }
}

#[test]
fn prompt_and_input_together_are_refused() {
    assert_refused_of(
        r#"{"prompt":"x","input":{},"requestId":"r1"}"#,
        InvalidRequest,
        &["xactly one", "\"prompt\"", "\"input\""],
        Some("r1"),
    );
}

#[test]
fn neither_prompt_nor_input_nor_action_is_refused() {
    for text in ["{}", r#"{"sessionId":"s"}"#, r#"{"data":1,"parameters":{}}"#] {
        assert_refused(text, InvalidRequest, &["\"prompt\"", "\"input\"", "\"action\""]);
    }
}

#[test]
fn a_session_id_has_1_to_256_bytes() {
    for id in ["a".to_owned(), "a".repeat(256), "é".repeat(128), "😀".repeat(64), " \u{2028}\u{200b}/\\\\".to_owned()]
    {
        prompt(&format!(r#"{{"prompt":"x","sessionId":"{id}"}}"#));
    }
    for id in [String::new(), "a".repeat(257), format!("{}a", "é".repeat(128)), "😀".repeat(65)] {
        let text = format!(r#"{{"prompt":"x","requestId":"r1","sessionId":"{id}"}}"#);
        assert_refused_of(&text, InvalidRequest, &["\"sessionId\"", "1 to 256 bytes"], Some("r1"));
    }
}

#[test]
fn a_session_id_has_no_control_characters() {
    for escape in [r"\u0000", r"\n", r"a\u001fb", r"\u007f", r"\u0080", r"x\u009f"] {
        let text = format!(r#"{{"prompt":"x","sessionId":"{escape}"}}"#);
        assert_refused(&text, InvalidRequest, &["\"sessionId\"", "control characters"]);
    }
}

#[test]
fn a_request_id_has_1_to_64_safe_characters() {
    for id in ["a".to_owned(), ".".to_owned(), "-_.".to_owned(), "aZ09".repeat(16)] {
        let prompt = prompt(&format!(r#"{{"prompt":"x","requestId":"{id}"}}"#));
        assert_eq!(prompt.request.as_ref().map(RequestId::as_str), Some(id.as_str()));
    }
    for id in [String::new(), "a".repeat(65), "a b".to_owned(), "é".to_owned(), "a/b".to_owned(), "a:".to_owned()] {
        let text = format!(r#"{{"prompt":"x","requestId":"{id}"}}"#);
        assert_refused(&text, InvalidRequest, &["\"requestId\"", "1 to 64 characters of A-Z a-z 0-9 . _ -"]);
    }
}

#[test]
fn identifiers_that_are_no_strings_are_refused() {
    for member in ["sessionId", "requestId", "agent"] {
        for value in ["null", "1", "true", "[]", "{}"] {
            let text = format!(r#"{{"prompt":"x","{member}":{value}}}"#);
            assert_refused(&text, InvalidRequest, &[&format!("\"{member}\" must be a string")]);
        }
    }
}

#[test]
fn parameters_that_are_no_object_are_refused() {
    for value in ["null", "1", "true", "[]", r#""{}""#] {
        let text = format!(r#"{{"prompt":"x","parameters":{value}}}"#);
        assert_refused(&text, InvalidRequest, &["\"parameters\" must be an object"]);
    }
}

#[test]
fn parameters_may_not_hold_what_the_gateway_sets() {
    let names = [
        "prompt",
        "sessionId",
        "requestId",
        "reply",
        "gatewayReply",
        r"pr\u006fmpt",
        r"\u0072eply",
        r"gateway\u0052eply",
    ];
    for name in names {
        let text = format!(r#"{{"prompt":"x","requestId":"r1","parameters":{{"a":1,"{name}":2}}}}"#);
        let rule = [
            "\"parameters\" must not hold",
            "\"prompt\"",
            "\"sessionId\"",
            "\"requestId\"",
            "\"reply\"",
            "\"gatewayReply\"",
        ];
        assert_refused_of(&text, InvalidRequest, &rule, Some("r1"));
    }
}

#[test]
fn an_input_may_not_name_a_place_for_replies() {
    for input in [
        r#"{"gatewayReply":{}}"#,
        r#"{"prompt":"x","gatewayReply":null}"#,
        r#"{"a":1,"gateway\u0052eply":2,"b":3}"#,
        r#"{"\ud800":1,"gatewayReply":1}"#,
    ] {
        let text = format!(r#"{{"input":{input},"requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &["\"input\" must not hold \"gatewayReply\""], Some("r1"));
    }
    for input in [
        r#"{"prompt":1,"sessionId":2,"requestId":3,"reply":4}"#,
        r#"{"a":{"gatewayReply":1},"b":"gatewayReply","gatewayreply":1,"gatewayReply ":1}"#,
        r#"{"\ud800":"\udfff"}"#,
    ] {
        prompt(&format!(r#"{{"input":{input}}}"#));
    }
}

#[test]
fn parameters_may_have_a_name_that_is_no_unicode() {
    prompt(r#"{"prompt":"x","parameters":{"\ud800":1}}"#);
}

#[test]
fn parameters_may_hold_those_names_deeper_down_or_in_other_case() {
    prompt(r#"{"prompt":"x","parameters":{"a":{"prompt":1,"reply":[]},"Prompt":1,"session":"s","reply ":2}}"#);
}

#[test]
fn parameters_beside_an_input_are_refused() {
    assert_refused(r#"{"input":{},"parameters":{}}"#, InvalidRequest, &["\"parameters\"", "\"prompt\""]);
}

#[test]
fn a_refusal_names_the_request_whenever_it_has_a_valid_id() {
    let broken = [
        r#""prompt":"""#,
        r#""prompt":1"#,
        r#""prompt":"x","agent":1"#,
        r#""action":"x""#,
        r#""action":"stop""#,
        r#""x":1"#,
    ];
    for members in broken {
        let text = format!(r#"{{{members},"requestId":"r1"}}"#);
        assert_refused_of(&text, InvalidRequest, &[], Some("r1"));
        assert_refused_of(
            &format!(r#"{{"requestId":"not valid",{members}}}"#),
            InvalidRequest,
            &["\"requestId\""],
            None,
        );
    }
}
