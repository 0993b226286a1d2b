//! What holds for every text a client may send.

use agentcore_gateway::protocol::MAX_FRAME_BYTES;
use agentcore_gateway::protocol::answer::Answer;
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::frame::{Ending, Failure, FailureCode, FrameMaker};
use agentcore_gateway::protocol::ids::{RequestId, SessionId};
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::protocol::message::ClientMessage;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::request;

const MEMBERS: [&str; 10] =
    ["action", "prompt", "input", "sessionId", "requestId", "agent", "parameters", "after", "data", "other"];

/// The text is taken or refused; a refusal is an answer of one frame, and a prompt gives a body that is JSON.
fn check(text: &str) {
    match ClientMessage::parse(text) {
        Ok(ClientMessage::Prompt(prompt)) => {
            let PromptContent::Given(given) = &prompt.body else { return };
            let body = given.invocation("runtime", &request("r1"), None);
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok(), "{body}");
            if let PromptBody::Prompt { prompt, .. } = given {
                assert!(!serde_json::from_str::<String>(prompt).unwrap().trim().is_empty());
            }
        }
        Ok(ClientMessage::Echo(data)) => {
            assert!(Answer::echo(data).unwrap().to_text().len() <= MAX_FRAME_BYTES);
        }
        Ok(_) => {}
        Err(rejection) => {
            assert!(rejection.message.ends_with('.'), "{}", rejection.message);
            let answer: Value = serde_json::from_str(&Answer::from(rejection).to_text()).unwrap();
            assert_eq!(answer["type"], "rejected");
            if let Ok(message) = serde_json::from_str::<Value>(text) {
                let named = message.get("requestId").and_then(Value::as_str).and_then(|id| RequestId::parse(id).ok());
                let named = named.as_ref().map(RequestId::as_str);
                assert_eq!(answer.get("requestId").and_then(Value::as_str), named, "{text}");
            }
        }
    }
}

/// JSON of any form, not too deep.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        "\"(\\\\u[0-9a-fA-F]{4}|\\\\[\"\\\\/bfnrt]|[a-z ]){0,8}\"",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![select(&MEMBERS[..]).prop_map(str::to_owned), "[a-z\\p{L}]{0,6}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((name, inner), 0..4).prop_map(object),
        ]
    })
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// A message that is nearly right: known members with plausible values, mostly each once.
fn message() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        6 => select(&["\"ping\"", "\"echo\"", "\"resume\"", "\"stop\"", "\"x\"", "\"r-1.a\"", "{}", "{\"a\":1}", "7"][..])
            .prop_map(str::to_owned),
        4 => json(),
    ];
    proptest::collection::vec((select(&MEMBERS[..]).prop_map(str::to_owned), value), 0..6).prop_map(object)
}

/// `text` with a few characters taken out, doubled or replaced.
fn mutated(text: &str, changes: &[(Index, u8, char)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, kind, character) in changes {
        let at = at.index(characters.len() + 1);
        match kind % 3 {
            0 => characters.insert(at, *character),
            1 if at < characters.len() => characters[at] = *character,
            _ if at < characters.len() => drop(characters.remove(at)),
            _ => {}
        }
    }
    characters.into_iter().collect()
}

fn change() -> impl Strategy<Value = (Index, u8, char)> {
    (
        any::<Index>(),
        any::<u8>(),
        prop_oneof![select(&['"', '\\', '{', '}', '[', ',', ':', '0', 'u', '\n'][..]), any::<char>()],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_json_is_taken_or_refused(text in json()) {
        check(&text);
    }

    #[test]
    fn any_message_that_is_nearly_right_is_taken_or_refused(text in message()) {
        check(&text);
    }

    #[test]
    fn any_mutation_of_a_message_is_taken_or_refused(
        text in message(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        check(&mutated(&text, &changes));
    }

    #[test]
    fn any_input_object_is_given_as_it_came(text in json()) {
        if let Ok(ClientMessage::Prompt(prompt)) = ClientMessage::parse(&format!(r#"{{"input":{text}}}"#)) {
            prop_assert_eq!(prompt.body.given().unwrap().invocation("runtime", &request("r1"), None), text);
        } else {
            prop_assert!(!text.starts_with('{'), "refused");
        }
    }

    #[test]
    fn any_data_is_an_event_of_the_same_value(data in prop_oneof![any::<String>(), json()]) {
        let event = Event::from_data(&data);
        let sent: Result<Value, _> = serde_json::from_str(&data);
        let given: Result<Value, _> = serde_json::from_str(event.as_json());
        match (sent, given) {
            (Ok(sent), given) => prop_assert_eq!(sent, given.unwrap()),
            // The text is no JSON, or JSON that this strict parser does not read.
            (Err(_), Ok(given)) => prop_assert_eq!(given, Value::from(data)),
            (Err(_), Err(_)) => prop_assert_eq!(event.as_json(), data.as_str()),
        }
    }

    #[test]
    fn every_frame_is_json_of_at_most_32_kib(
        session in "[^\\p{Cc}]{1,64}",
        message in proptest::collection::vec(any::<char>(), 0..=500),
        seq in any::<u64>(),
    ) {
        let maker = FrameMaker::new(&request("r1"), &SessionId::parse(session.as_str()).unwrap());
        let failure = Failure::lasting(FailureCode::AgentError, message.iter().collect::<String>());
        let endings = [Ending::Completed, Ending::Stopped, Ending::Failed(failure)];
        let mut texts: Vec<String> = endings.iter().map(|ending| maker.ending(seq, ending).text).collect();
        texts.extend([maker.started().text, maker.progress(seq, Some(FailureCode::AgentUnavailable))]);
        for text in texts {
            prop_assert!(text.len() <= MAX_FRAME_BYTES);
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value["sessionId"].as_str(), Some(session.as_str()));
        }
    }
}
