//! What stands in the messages of agents that go on by themselves, and in those of the watch; what is a marker.

use agentcore_gateway::protocol::frame::{Ending, FailureCode};
use agentcore_gateway::protocol::ids::{Principal, ReplyRun, RequestId, SessionId};
use agentcore_gateway::protocol::marker::Marker;
use agentcore_gateway::protocol::reply::ReplyToken;
use agentcore_gateway::queue::reply::ReplyMessage;
use agentcore_gateway::queue::tag::{MalformedPayload, Unreadable};
use agentcore_gateway::queue::watch::Watch;
use agentcore_gateway::session::{RunKey, SessionKey};
use proptest::prelude::*;
use serde_json::{Value, json};

const RUN: &str = "run-0123456789abcdef0123456789abcdef";

fn token() -> ReplyToken {
    ReplyToken::new([1, u128::MAX])
}

/// A message with one change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<ReplyMessage, Unreadable> {
    let mut message = json!({
        "type": "reply", "version": 1, "run": RUN, "token": token().expose(), "index": 7, "events": [1, "two"],
    });
    change(&mut message);
    ReplyMessage::decode(&message.to_string())
}

#[test]
fn a_message_is_read_as_it_is_written() {
    let message = changed(|message| {
        message["names"] = json!({"1": "updates"});
        message["end"] = json!({"outcome": "completed"});
    });
    let message = message.unwrap();
    assert_eq!((message.run.as_str(), message.index, &message.token), (RUN, 7, &token()));
    let events: Vec<_> = message.events.iter().map(|event| (event.as_json(), event.name())).collect();
    assert_eq!(events, [("1", None), ("\"two\"", Some("updates"))]);
    assert_eq!(message.end, Some(Ending::Completed));
    assert_eq!(message.bytes(), 6);
}

#[test]
fn a_heartbeat_has_neither_events_nor_an_end() {
    for change in [
        |message: &mut Value| message["events"] = json!([]),
        |message: &mut Value| {
            message.as_object_mut().unwrap().remove("events");
        },
    ] {
        let message = changed(change).unwrap();
        assert!(message.events.is_empty() && message.end.is_none());
    }
}

#[test]
fn an_end_says_what_an_agent_may_say() {
    let end = |code: &str| json!({"outcome": "failed", "code": code, "message": "m", "retryable": true});
    for (code, expected) in
        [("agent_error", FailureCode::AgentError), ("output_too_large", FailureCode::OutputTooLarge)]
    {
        let message = changed(|message| message["end"] = end(code)).unwrap();
        assert!(matches!(message.end, Some(Ending::Failed(failure)) if failure.code == expected && failure.retryable));
    }
    let wrong = [
        end("interrupted"),
        end(""),
        json!({"outcome": "stopped"}),
        json!({"outcome": "failed"}),
        json!({"outcome": "failed", "code": "agent_error", "message": 1, "retryable": true}),
        json!("completed"),
    ];
    for end in wrong {
        assert!(changed(|message| message["end"] = end.clone()).is_err(), "{end}");
    }
}

#[test]
fn a_long_message_of_an_end_is_cut_and_masked() {
    let text = format!("arn:aws:iam::123456789012:role/r {}", "é".repeat(600));
    let end = json!({"outcome": "failed", "code": "agent_error", "message": text, "retryable": false});
    let Some(Ending::Failed(failure)) = changed(|message| message["end"] = end).unwrap().end else { panic!("no end") };
    assert_eq!(failure.message.chars().count(), 500);
    assert!(failure.message.starts_with("*** é"));
}

#[test]
fn what_breaks_a_rule_is_no_message() {
    let breaks: [(&str, Value); 10] = [
        ("type", json!("prompt")),
        ("version", json!(0)),
        ("version", json!("1")),
        ("run", json!("run-1")),
        ("run", json!(RUN.to_uppercase())),
        ("token", json!("short")),
        ("token", json!(format!("{}=", token().expose()))),
        ("index", json!(-1)),
        ("index", json!(1.5)),
        ("events", json!({})),
    ];
    for (member, value) in breaks {
        let read = changed(|message| message[member] = value.clone());
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{member} {value}");
    }
    for member in ["run", "token", "index"] {
        let read = changed(|message| _ = message.as_object_mut().unwrap().remove(member));
        assert!(matches!(read, Err(Unreadable::Malformed(MalformedPayload::Json(_)))), "{member}");
    }
}

#[test]
fn what_is_wrong_is_told_without_what_was_found_for_that_may_be_a_reply() {
    const REPLY: &str = "The answer, expected by nobody else";
    for (member, value, told) in [
        ("events", json!(REPLY), "expected a sequence"),
        ("index", json!(REPLY), "expected u64"),
        ("names", json!([REPLY]), "expected a map"),
        ("names", json!({REPLY: "name"}), "expected key to be a number in quotes"),
        ("end", json!({"outcome": REPLY}), "expected `completed` or `failed`"),
        ("end", json!({"outcome": "failed", "code": REPLY}), "expected `agent_error` or `output_too_large`"),
        ("end", json!({"outcome": "failed"}), "missing field `code`"),
        ("token", json!(REPLY), "must be"),
        ("type", json!(REPLY), "\"?\""),
        ("version", json!(REPLY), "expected u64"),
    ] {
        let error = changed(|message| message[member] = value.clone()).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("answer"), "{member} {value}: {error}");
    }
    let later = changed(|message| (message["version"], message["type"]) = (json!(2), json!(REPLY)));
    assert!(!later.unwrap_err().to_string().contains("answer"));
    assert!(ReplyMessage::decode(REPLY).unwrap_err().to_string().contains("line 1 column 1"));
}

#[test]
fn a_later_version_is_left_to_who_can_read_it() {
    assert!(matches!(changed(|message| message["version"] = json!(2)), Err(Unreadable::Later { version: 2, .. })));
    assert!(changed(|message| message["more"] = json!("from a later release")).is_ok());
    assert!(matches!(Watch::decode(r#"{"type":"watch","version":9}"#), Err(Unreadable::Later { version: 9, .. })));
}

#[test]
fn a_token_is_known_by_its_hash_and_shown_nowhere() {
    let (one, other) = (token(), ReplyToken::new([2, 3]));
    assert!(one.hash().is_of(&one) && !one.hash().is_of(&other));
    assert_eq!(one.expose().len(), 43);
    assert!(!format!("{one:?}").contains(one.expose()));
    let read = changed(|_| {}).unwrap();
    assert!(!format!("{read:?}").contains(one.expose()));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!(RUN)),
        Just(json!("run-")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![3 => Just("detached".to_owned()), 1 => "[a-z]{1,4}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..3).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Each event is the text that came, and its name is cut at 128 bytes.
    #[test]
    fn events_pass_as_they_came(
        events in proptest::collection::vec(json_value(), 0..6),
        names in proptest::collection::btree_map(0..8_usize, "\\PC{0,100}", 0..4),
    ) {
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        let named: Value = names.iter().map(|(at, name)| (at.to_string(), json!(name))).collect::<serde_json::Map<_, _>>().into();
        let body = format!(
            r#"{{"names":{named},"events":[{}],"index":0,"token":"{}","run":"{RUN}","version":1,"type":"reply"}}"#,
            texts.join(" , "),
            token().expose(),
        );
        let message = ReplyMessage::decode(&body).unwrap();
        prop_assert_eq!(message.events.iter().map(|event| event.as_json()).collect::<Vec<_>>(), texts);
        for (at, event) in message.events.iter().enumerate() {
            let name = names.get(&at).map(|name| &name[..name.floor_char_boundary(128)]);
            prop_assert_eq!(event.name(), name.filter(|name| !matches!(*name, "" | "message")));
        }
    }

    /// Nothing that comes makes the reading panic.
    #[test]
    fn anything_may_come(body in "\\PC{0,200}", value in json_value()) {
        let _ = ReplyMessage::decode(&body);
        let _ = Watch::decode(&body);
        let _ = changed(|message| message["events"] = value.clone());
        let _ = changed(|message| message["names"] = value.clone());
        let _ = changed(|message| message["end"] = value);
    }

    /// A marker is an object with one member, whose value is a text that begins with `run-`.
    #[test]
    fn a_marker_is_exactly_what_it_is(value in json_value()) {
        let own = ReplyRun::parse(RUN).unwrap();
        let one = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("detached"));
        let expected = match one.and_then(Value::as_str) {
            Some(RUN) => Marker::Own,
            Some(named) if named.starts_with("run-") => Marker::Foreign,
            _ => Marker::None,
        };
        prop_assert_eq!(Marker::of(&value.to_string(), &own), expected);
        prop_assert_eq!(Marker::of(&format!("{value:#}"), &own), expected);
    }

    #[test]
    fn a_watch_comes_out_as_it_went_in(principal in "\\PC{1,40}", session in "\\PC{1,40}", request in "[A-Za-z0-9._-]{1,64}") {
        prop_assume!(!session.chars().any(char::is_control) && session.len() <= 256);
        let session = SessionKey { principal: Principal::parse(principal).unwrap(), session: SessionId::parse(session).unwrap() };
        let watch = Watch { run: RunKey { session, request: RequestId::parse(request).unwrap() } };
        prop_assert_eq!(Watch::decode(&watch.encode()).unwrap(), watch);
    }
}
