//! What may be uploaded, and that it passes as it came.

use agentcore_gateway::protocol::ids::UploadId;
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::protocol::message::ClientMessage;
use agentcore_gateway::protocol::rejection::RejectCode::InvalidRequest;
use agentcore_gateway::protocol::upload;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{assert_refused, assert_refused_of, prompt, request};

#[test]
fn a_prompt_may_name_an_upload() {
    let asked = prompt(r#"{"upload":"0123abcDEF_-","sessionId":"s","agent":"travel"}"#);
    assert!(matches!(asked.body, PromptContent::Uploaded(upload) if upload.as_str() == "0123abcDEF_-"));
    assert_eq!(asked.agent.as_deref(), Some("travel"));
}

#[test]
fn an_upload_is_named_alone_and_by_its_rule() {
    let one = ["\"prompt\"", "\"input\"", "\"upload\""];
    assert_refused(r#"{"upload":"u","prompt":"x"}"#, InvalidRequest, &one);
    assert_refused(r#"{"upload":"u","input":{}}"#, InvalidRequest, &one);
    assert_refused("{}", InvalidRequest, &one);
    assert_refused(r#"{"upload":"u","parameters":{}}"#, InvalidRequest, &["\"parameters\""]);
    for id in [r#""""#, r#""a/b""#, r#""../x""#, r#""é""#, "7", "null", &format!("\"{}\"", "x".repeat(65))] {
        assert_refused_of(&format!(r#"{{"upload":{id},"requestId":"r"}}"#), InvalidRequest, &["\"upload\""], Some("r"));
    }
    assert!(UploadId::parse("x".repeat(64)).is_ok());
}

#[test]
fn a_wish_to_upload_says_how_much() {
    for (bytes, expected) in [("1", 1), ("20000000", 20_000_000), ("2e3", 2000), ("18446744073709551615", u64::MAX)] {
        let text = format!(r#"{{"action":"upload","bytes":{bytes}}}"#);
        let Ok(ClientMessage::Upload(wish)) = ClientMessage::parse(&text) else { panic!("{text}") };
        assert_eq!((wish.bytes, wish.request), (expected, None));
    }
    for bytes in [r#","bytes":0"#, r#","bytes":-1"#, r#","bytes":1.5"#, r#","bytes":"1""#, r#","bytes":null"#, ""] {
        let text = format!(r#"{{"action":"upload","requestId":"r"{bytes}}}"#);
        assert_refused_of(&text, InvalidRequest, &["\"bytes\"", "whole number"], Some("r"));
    }
}

fn read(text: &str) -> Result<PromptBody, String> {
    upload::read(Bytes::copy_from_slice(text.as_bytes()))
}

/// JSON texts with white space, escapes, digits of their own, and members that come twice.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
        ".{0,20}".prop_map(|text| Value::from(text).to_string()),
        Just(r#""\u00e9\ud83d\ude00\/""#.to_owned()),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        let space = "[ \n\t]{0,2}";
        let array = (proptest::collection::vec(inner.clone(), 0..5), space)
            .prop_map(|(items, space)| format!("[{space}{}]", items.join(&format!(",{space}"))));
        let object = (proptest::collection::vec(("[a-c]{1,2}", inner), 0..5), space).prop_map(|(members, space)| {
            let members: Vec<_> =
                members.into_iter().map(|(name, value)| format!("\"{name}\"{space}:{value}")).collect();
            format!("{{{space}{}}}", members.join(","))
        });
        prop_oneof![array, object]
    })
}

proptest! {
    /// Any JSON object arrives byte for byte, and anything else is refused by name.
    #[test]
    fn an_input_arrives_byte_for_byte_or_is_refused_by_name(value in json_text(), before in "[ \n]{0,2}") {
        let uploaded = format!("{before}{{ \"input\"{before}:{value} }}");
        match read(&uploaded) {
            Ok(body) => {
                let passed = body.invocation("runtime", &request("r"), None);
                prop_assert!(value.starts_with('{'), "{}", value);
                prop_assert_eq!(&*passed, value);
            }
            Err(rule) => {
                prop_assert!(!value.starts_with('{') || serde_json::from_str::<&RawValue>(&value).is_err(), "{rule}");
                prop_assert!(rule.contains("\"input\"") || rule.contains("not valid JSON"), "{}", rule);
            }
        }
    }

    /// What a message may say an upload may say, and the agent is given the same.
    #[test]
    fn an_upload_and_a_message_say_the_same(text in ".{1,40}", parameters in json_text()) {
        let members = format!(r#"{{"prompt":{},"parameters":{parameters}}}"#, Value::from(text));
        let invocation = |body: &PromptBody| body.invocation("runtime", &request("r"), None);
        match (ClientMessage::parse(&members), read(&members)) {
            (Ok(ClientMessage::Prompt(asked)), Ok(uploaded)) => {
                prop_assert_eq!(invocation(asked.body.given().unwrap()), invocation(&uploaded));
            }
            (Err(refused), Err(rule)) => prop_assert_eq!(refused.message, rule),
            (message, upload) => prop_assert!(false, "{message:?} {upload:?}"),
        }
    }

    #[test]
    fn bytes_are_never_more_than_refused(bytes: Vec<u8>) {
        if let Err(rule) = upload::read(bytes.into()) {
            prop_assert!(rule.ends_with('.') && rule.len() < 200);
        }
    }
}

#[test]
fn an_upload_is_shared_and_not_copied() {
    let uploaded = Bytes::from(format!(r#"{{"input":{{"data":"{}"}}}}"#, "A".repeat(100_000)));
    let body = upload::read(uploaded.clone()).unwrap();
    let passed = body.invocation("runtime", &request("r"), None).into_bytes();
    assert_eq!(passed.as_ptr(), uploaded[r#"{"input":"#.len()..].as_ptr());
}
