//! The wire protocol, rule by rule (docs/protocol.md).

mod actions;
mod answers;
mod broken;
mod events;
mod frames;
mod invocations;
mod output;
mod prompts;
mod properties;
mod reports;
mod uploads;

use agentcore_gateway::protocol::ids::{RequestId, SessionId};
use agentcore_gateway::protocol::message::{ClientMessage, Prompt};
use agentcore_gateway::protocol::rejection::{RejectCode, Rejection};

fn request(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

fn session(text: &str) -> SessionId {
    SessionId::parse(text).unwrap()
}

fn prompt(text: &str) -> Prompt {
    match ClientMessage::parse(text) {
        Ok(ClientMessage::Prompt(prompt)) => prompt,
        other => panic!("no prompt: {other:?}"),
    }
}

fn refusal(text: &str) -> Rejection {
    match ClientMessage::parse(text) {
        Err(rejection) => rejection,
        Ok(message) => panic!("accepted: {}", format!("{message:?}").chars().take(200).collect::<String>()),
    }
}

/// The message is refused with `code`, in one sentence that holds all of `words`, and no request is named.
#[track_caller]
fn assert_refused(text: &str, code: RejectCode, words: &[&str]) {
    assert_refused_of(text, code, words, None);
}

/// As above, and the refusal names `request`.
#[track_caller]
fn assert_refused_of(text: &str, code: RejectCode, words: &[&str], request: Option<&str>) {
    let shown: String = text.chars().take(200).collect();
    let rejection = refusal(text);
    assert_eq!(rejection.code, code, "{shown}: {}", rejection.message);
    for word in words {
        assert!(rejection.message.contains(word), "{shown}: {:?} does not say {word:?}", rejection.message);
    }
    assert!(rejection.message.ends_with('.') && rejection.message.len() < 200, "{:?}", rejection.message);
    assert_eq!(rejection.request.as_ref().map(RequestId::as_str), request, "{shown}");
}
