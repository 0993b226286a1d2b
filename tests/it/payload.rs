//! What stands in a queue message.

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId};
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::protocol::message::ClientMessage;
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::tag::{MalformedPayload, Unreadable};
use agentcore_gateway::session::{RunKey, SessionKey};
use agentcore_gateway::trace::TraceContext;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn queued(principal: &str, session: &str, request: &str, message: &str) -> QueuedPrompt {
    let Ok(ClientMessage::Prompt(prompt)) = ClientMessage::parse(message) else { panic!("no prompt: {message}") };
    let session =
        SessionKey { principal: Principal::parse(principal).unwrap(), session: SessionId::parse(session).unwrap() };
    QueuedPrompt {
        run: RunKey { session, request: RequestId::parse(request).unwrap() },
        connection: ConnectionId::parse("L0SM9cOFvHcCIhw=").unwrap(),
        agent: AgentName::parse("travel").unwrap(),
        received_at: Timestamp(1_790_000_000_123),
        trace: TraceContext::from_xray("Root=1-5759e988-bd862e3fe1be46a994272793"),
        body: prompt.body,
    }
}

fn hello() -> QueuedPrompt {
    queued("alice", "kyoto", "r1", r#"{"prompt":"hello"}"#)
}

/// A valid payload with one change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<QueuedPrompt, Unreadable> {
    let mut payload = serde_json::from_str(&hello().encode()).unwrap();
    change(&mut payload);
    QueuedPrompt::decode(&payload.to_string())
}

/// Everything that a worker reads from the payload of `prompt` is what was put in.
fn assert_round_trip(prompt: &QueuedPrompt) {
    let read = QueuedPrompt::decode(&prompt.encode()).unwrap();
    assert_eq!(read.run, prompt.run);
    assert_eq!((&read.connection, &read.agent), (&prompt.connection, &prompt.agent));
    assert_eq!((read.received_at, &read.trace), (prompt.received_at, &prompt.trace));
    let invocation =
        |prompt: &QueuedPrompt| prompt.body.given().unwrap().invocation("runtime", &prompt.run.request, None);
    assert_eq!(invocation(&read), invocation(prompt));
}

#[test]
fn a_payload_is_tagged_and_versioned() {
    let expected = json!({
        "type": "prompt",
        "version": 1,
        "principal": "alice",
        "sessionId": "kyoto",
        "requestId": "r1",
        "connectionId": "L0SM9cOFvHcCIhw=",
        "agent": "travel",
        "receivedAt": 1_790_000_000_123_u64,
        "trace": {"xray": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        "prompt": "hello",
    });
    assert_eq!(serde_json::from_str::<Value>(&hello().encode()).unwrap(), expected);
}

#[test]
fn what_goes_in_comes_out() {
    let messages = [
        r#"{"prompt":"say \"hi\"\n\u0000é😀"}"#,
        r#"{"prompt":"x","parameters":{ "z":1.10, "a":{"n":123456789012345678901234567890}, "e":1e400 }}"#,
        r#"{"prompt":"x","parameters":{}}"#,
        r#"{"input":{ "z":1.000, "a":[1e2, "\u00e9"], "a":2, "prompt":"p" }}"#,
        r#"{"input":{}}"#,
    ];
    for message in messages {
        assert_round_trip(&queued("arn:aws:iam::1:user/\"é\"", "a \"session\"\u{2028}", "r.1_-", message));
    }
}

#[test]
fn the_deepest_message_still_fits() {
    for (message, levels) in [(r#"{"input":{"a":@}}"#, 125), (r#"{"prompt":"x","parameters":{"a":@}}"#, 125)] {
        let deep = "[".repeat(levels) + &"]".repeat(levels);
        assert_round_trip(&queued("alice", "s", "r", &message.replace('@', &deep)));
    }
}

#[test]
fn a_trace_may_be_missing() {
    let read = changed(|payload| drop(payload.as_object_mut().unwrap().remove("trace"))).unwrap();
    assert_eq!(read.trace, TraceContext::default());
}

#[test]
fn what_never_was_and_never_will_be_a_prompt_is_malformed() {
    for (member, value) in [("type", json!("reply")), ("type", json!("")), ("version", json!(0))] {
        let error = changed(|payload| payload[member] = value.clone()).unwrap_err();
        assert!(matches!(error, Unreadable::Malformed(MalformedPayload::Kind { .. })), "{member} {value}: {error}");
    }
}

#[test]
fn whatever_a_later_release_writes_is_left_to_it() {
    let later = [
        json!({"type": "prompt", "version": 2}),
        json!({"type": "prompt", "version": 2, "prompt": {"parts": [1, "a"]}, "principal": 7}),
        json!({"type": "reply", "version": 3, "prompt": "hello"}),
        json!({"version": u64::MAX, "type": ""}),
    ];
    for payload in later {
        let error = QueuedPrompt::decode(&payload.to_string()).unwrap_err();
        assert!(
            matches!(error, Unreadable::Later { version, .. } if version == payload["version"]),
            "{payload}: {error}"
        );
    }
    let error = changed(|payload| payload["version"] = json!(2)).unwrap_err();
    assert!(matches!(error, Unreadable::Later { version: 2, .. }), "{error}");
}

/// What the first release put into its queue. A later one may find it there, and must read it for ever.
const RECORDED: &str = include_str!("../fixtures/stored/prompt-1.json");
const RECORDED_INPUT: &str = include_str!("../fixtures/stored/prompt-1-input.json");

fn recorded(message: &str) -> QueuedPrompt {
    QueuedPrompt { agent: AgentName::default_agent(), ..queued("auth0|ada", "travel #1", "r-1", message) }
}

const SAID: &str = r#"{"prompt":"Grüße aus Köln","parameters":{"temperature":0.70,"tags":["a"]}}"#;
const GIVEN: &str = r#"{"input":{"messages":[{"role":"user","content":"Grüße"}],"n":1.00}}"#;

#[test]
fn a_message_that_was_recorded_is_read() {
    for (text, message) in [(RECORDED, SAID), (RECORDED_INPUT, GIVEN)] {
        let (read, expected) = (QueuedPrompt::decode(text).unwrap(), recorded(message));
        assert_eq!((&read.run, &read.connection, &read.agent), (&expected.run, &expected.connection, &expected.agent));
        assert_eq!((read.received_at, &read.trace), (expected.received_at, &expected.trace));
        let invocation =
            |prompt: &QueuedPrompt| prompt.body.given().unwrap().invocation("runtime", &prompt.run.request, None);
        assert_eq!(invocation(&read), invocation(&expected));
    }
}

#[test]
fn what_is_written_today_is_what_was_recorded_so_a_release_before_reads_it() {
    for (text, message) in [(RECORDED, SAID), (RECORDED_INPUT, GIVEN)] {
        assert_eq!(recorded(message).encode(), text.trim_end());
    }
}

#[test]
fn members_that_a_later_release_adds_are_passed_over() {
    let more = RECORDED.replacen('{', r#"{"priority":{"level":[1]},"deadline":null,"#, 1);
    assert_round_trip(&QueuedPrompt::decode(&more).unwrap());
}

#[test]
fn every_member_is_needed() {
    for member in
        ["type", "version", "principal", "sessionId", "requestId", "connectionId", "agent", "receivedAt", "prompt"]
    {
        let result = changed(|payload| drop(payload.as_object_mut().unwrap().remove(member)));
        assert!(result.is_err(), "{member}");
    }
}

#[test]
fn members_that_break_their_rule_are_refused() {
    let long = "x".repeat(3000);
    let cases = [
        ("principal", json!("")),
        ("principal", json!(long)),
        ("sessionId", json!("")),
        ("sessionId", json!("a\nb")),
        ("sessionId", json!(long)),
        ("requestId", json!("a b")),
        ("requestId", json!(7)),
        ("connectionId", json!("")),
        ("agent", json!("a.b")),
        ("receivedAt", json!(-1)),
        ("receivedAt", json!("now")),
        ("version", json!("1")),
        ("trace", json!(null)),
        ("prompt", json!({})),
        ("input", json!({})),
        ("parameters", json!([])),
        ("parameters", json!({"prompt": 1})),
        ("parameters", json!({"reply": {}})),
    ];
    for (member, value) in cases {
        assert!(changed(|payload| payload[member] = value.clone()).is_err(), "{member} {value}");
    }
}

#[test]
fn an_input_is_an_object_and_has_no_parameters() {
    for (input, more) in
        [("[]", ""), ("1", ""), ("\"{}\"", ""), ("{}", r#","parameters":{}"#), ("{}", r#","prompt":"x""#)]
    {
        let text = hello().encode().replace(r#""prompt":"hello""#, &format!(r#""input":{input}{more}"#));
        assert!(QueuedPrompt::decode(&text).is_err(), "{text}");
    }
}

#[test]
fn what_a_release_queued_that_did_not_reserve_a_name_is_still_a_prompt() {
    for body in [r#""prompt":"x","parameters":{"gatewayReply":1}"#, r#""input":{"gatewayReply":1}"#] {
        let text = hello().encode().replace(r#""prompt":"hello""#, body);
        assert!(QueuedPrompt::decode(&text).unwrap().encode().contains(body), "{text}");
    }
}

#[test]
fn what_is_no_payload_is_refused() {
    let payload = hello().encode();
    for text in ["", "null", "[]", "{}", "hello", &payload[1..], &payload[..payload.len() - 1], &format!("{payload}x")]
    {
        let read = QueuedPrompt::decode(text);
        assert!(matches!(read, Err(Unreadable::Malformed(MalformedPayload::Json(_)))), "{text}");
    }
    for open in ["[", "{\"a\":"] {
        assert!(QueuedPrompt::decode(&open.repeat(100_000)).is_err());
    }
}

#[test]
fn queue_ids_are_hex_of_at_most_128_characters() {
    let prompt = queued(&"é".repeat(1000), &"€".repeat(80), &"r".repeat(64), r#"{"prompt":"x"}"#);
    for id in [prompt.group(), prompt.deduplication_id()] {
        assert!((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
}

#[test]
fn queue_ids_are_those_that_python_makes() {
    // hashlib.sha256(b"alice\0kyoto").hexdigest(), and of b"alice\0kyoto\0r1"
    let prompt = hello();
    assert_eq!(prompt.group(), "4518dd70c165948afb52ac6c00516fe5135976cab84305734b831f3542cf4db5");
    assert_eq!(prompt.deduplication_id(), "747f922dac1d8db371f2d0d73875160d34731ce0c421cbbaf3a02a4e2357196d");
}

#[test]
fn the_group_is_that_of_the_session_and_the_deduplication_id_that_of_the_request() {
    let ids = |principal: &str, session: &str, request: &str, message: &str| {
        let prompt = queued(principal, session, request, message);
        (prompt.group(), prompt.deduplication_id())
    };
    let (group, deduplication) = ids("alice", "kyoto", "r1", r#"{"prompt":"x"}"#);
    assert_eq!(ids("alice", "kyoto", "r1", r#"{"input":{"other":1}}"#), (group.clone(), deduplication.clone()));
    let other_request = ids("alice", "kyoto", "r2", r#"{"prompt":"x"}"#);
    assert!(other_request.0 == group && other_request.1 != deduplication);
    for (principal, session) in [("alice", "kyoto2"), ("bob", "kyoto"), ("alicek", "yoto"), ("alic", "ekyoto")] {
        let other = ids(principal, session, "r1", r#"{"prompt":"x"}"#);
        assert!(other.0 != group && other.1 != deduplication, "{principal} {session}");
    }
    assert_ne!(ids("a", "b", "cd", r#"{"prompt":"x"}"#).1, ids("a", "bc", "d", r#"{"prompt":"x"}"#).1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_prompt_makes_the_round_trip(
        principal in "[^\\p{Cc}]{1,80}",
        session in "[^\\p{Cc}]{1,60}",
        request in "[A-Za-z0-9._-]{1,64}",
        text in "[^ ]\\PC{0,80}",
        number in any::<f64>(),
    ) {
        let prompt = json!({"prompt": format!("x{text}"), "parameters": {"n": number, "t": text}});
        let input = json!({"input": {"n": number, "prompt": text}});
        for message in [prompt, input] {
            assert_round_trip(&queued(&principal, &session, &request, &message.to_string()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), at in any::<Index>(), with in any::<char>()) {
        let _ = QueuedPrompt::decode(&text);
        let mut mutated: Vec<char> = hello().encode().chars().collect();
        let at = at.index(mutated.len());
        mutated[at] = with;
        if let Ok(read) = QueuedPrompt::decode(&mutated.into_iter().collect::<String>()) {
            prop_assert!(matches!(&read.body, PromptContent::Given(PromptBody::Prompt { .. })), "an input");
            assert_round_trip(&read);
        }
    }
}
