//! What must hold of every input: of a client's message, an agent's stream, a queue's record. Each function panics if
//! it does not. The targets of `cargo fuzz` and the runner in `main.rs` call them.

use agentcore_gateway::agent::ReplyError;
use agentcore_gateway::agent::sse::SseReader;
use agentcore_gateway::protocol::answer::Answer;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::protocol::message::ClientMessage;
use agentcore_gateway::protocol::{MAX_FRAME_BYTES, MAX_NESTING, nesting};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::session::runtime_id::runtime_session_id;
use serde_json::value::RawValue;

/// The largest event that [`sse_reader`] lets pass; small, so that inputs exceed it.
const MAX_EVENT_BYTES: usize = 256;

/// A client's message is taken, or refused by an answer that fits a frame.
pub fn client_message(data: &[u8]) {
    // API Gateway passes text on only if it is UTF-8.
    let Ok(text) = std::str::from_utf8(data) else { return };
    match ClientMessage::parse(text) {
        Ok(message) => {
            assert!(nesting(text) <= MAX_NESTING, "taken though it nests too deep");
            match message {
                ClientMessage::Prompt(prompt) => {
                    let request = RequestId::parse("r1").expect("it is valid");
                    let body = prompt.body.invocation("runtime", &request);
                    let parsed: &RawValue = serde_json::from_str(&body).expect("an invocation is JSON");
                    assert!(parsed.get().starts_with('{'), "an invocation is an object");
                }
                ClientMessage::Echo(data) => check_answer(&Answer::echo(data).expect("it was checked"), "echo"),
                ClientMessage::Resume(_) | ClientMessage::Stop(_) | ClientMessage::Ping => {}
            }
        }
        Err(rejection) => {
            assert!(rejection.message.ends_with('.'), "a sentence: {}", rejection.message);
            check_answer(&Answer::from(rejection), "rejected");
        }
    }
}

fn check_answer(answer: &Answer, kind: &str) {
    let text = answer.to_text();
    assert!(text.len() <= MAX_FRAME_BYTES, "an answer of {} bytes", text.len());
    // An echo may hold strings that are no Unicode, which a `Value` cannot.
    assert!(serde_json::from_str::<&RawValue>(&text).is_ok(), "an answer is JSON: {text}");
    assert!(text.starts_with(&format!("{{\"type\":\"{kind}\"")), "{text}");
}

/// A stream has the same events however it is cut. The first byte says where to cut.
pub fn sse_reader(data: &[u8]) {
    let Some((&cut, body)) = data.split_first() else { return };
    let whole = read([body]);
    let at = usize::from(cut) % (body.len() + 1);
    assert_same(body, &whole, &read([&body[..at], &body[at..]]), "cut in two");
    assert_same(body, &whole, &read(body.chunks(1)), "byte by byte");
    assert_same(body, &whole, &read(body.chunks(usize::from(cut % 7) + 2)), "in pieces");
    for event in &whole.0 {
        // A byte that is not UTF-8 becomes a character of three.
        assert!(event.len() <= 3 * MAX_EVENT_BYTES, "an event of {} bytes", event.len());
    }
}

type Events = (Vec<String>, Option<ReplyError>);

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Events {
    let mut reader = SseReader::new(MAX_EVENT_BYTES);
    let mut events = Vec::new();
    for chunk in chunks {
        match reader.feed(chunk) {
            Ok(more) => events.extend(more),
            Err(error) => return (events, Some(error)),
        }
    }
    match reader.finish() {
        Ok(last) => {
            events.extend(last);
            (events, None)
        }
        Err(error) => (events, Some(error)),
    }
}

fn assert_same(body: &[u8], whole: &Events, cut: &Events, how: &str) {
    assert_eq!(whole, cut, "{how}: {body:?}");
}

/// A queue's record is a prompt that survives its encoding, or none.
pub fn queue_record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(prompt) = QueuedPrompt::decode(text) else { return };
    let encoded = prompt.encode();
    let again = QueuedPrompt::decode(&encoded).expect("what is encoded can be decoded");
    assert_eq!((&again.run, &again.connection, &again.agent), (&prompt.run, &prompt.connection, &prompt.agent));
    assert_eq!((again.received_at, &again.trace), (prompt.received_at, &prompt.trace));
    let invocation = |prompt: &QueuedPrompt| prompt.body.invocation("runtime", &prompt.run.request);
    assert_eq!(invocation(&again), invocation(&prompt));
    assert_eq!(again.encode(), encoded);
    // Amazon SQS: group and deduplication id have at most 128 characters. AgentCore: a session id has 33 to 256.
    assert!(prompt.group().len() <= 128 && prompt.deduplication_id().len() <= 128);
    assert!((33..=256).contains(&runtime_session_id(&prompt.run.session).len()));
}
