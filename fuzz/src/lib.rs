//! What must hold of every input: of a client's message, an agent's stream, a queue's record. Each function panics if
//! it does not. The targets of `cargo fuzz` and the runner in `main.rs` call them.

use agentcore_gateway::agent::ReplyError;
use agentcore_gateway::agent::content_encoding::Decoder;
use agentcore_gateway::agent::reply::EventReader;
use agentcore_gateway::protocol::answer::Answer;
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::protocol::invocation::PromptContent;
use agentcore_gateway::protocol::message::ClientMessage;
use agentcore_gateway::protocol::{MAX_FRAME_BYTES, MAX_NESTING, nesting};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::session::runtime_id::runtime_session_id;
use serde_json::value::RawValue;

/// The largest event that [`reply_reader`] lets pass; small, so that inputs exceed it.
const MAX_EVENT_BYTES: usize = 256;

/// One for each reader.
const CONTENT_TYPES: [&str; 5] =
    ["text/event-stream", "application/x-ndjson", "application/json-seq", "text/plain", "application/json"];

/// One for each decoder.
const CONTENT_ENCODINGS: [&str; 3] = ["gzip", "deflate", "br"];

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
                    if let Some(body) = invocation(&prompt.body, &request) {
                        let parsed: &RawValue = serde_json::from_str(&body).expect("an invocation is JSON");
                        assert!(parsed.get().starts_with('{'), "an invocation is an object");
                    }
                }
                ClientMessage::Echo(data) => check_answer(&Answer::echo(data).expect("it was checked"), "echo"),
                ClientMessage::Resume(_) | ClientMessage::Stop(_) | ClientMessage::Upload(_) | ClientMessage::Ping => {}
            }
        }
        Err(rejection) => {
            assert!(rejection.message.ends_with('.'), "a sentence: {}", rejection.message);
            check_answer(&Answer::from(rejection), "rejected");
        }
    }
}

/// What an agent is given, unless it was uploaded.
fn invocation(content: &PromptContent, request: &RequestId) -> Option<String> {
    content.given().map(|body| body.invocation("runtime", request, None).to_string())
}

fn check_answer(answer: &Answer, kind: &str) {
    let text = answer.to_text();
    assert!(text.len() <= MAX_FRAME_BYTES, "an answer of {} bytes", text.len());
    // An echo may hold strings that are no Unicode, which a `Value` cannot.
    assert!(serde_json::from_str::<&RawValue>(&text).is_ok(), "an answer is JSON: {text}");
    assert!(text.starts_with(&format!("{{\"type\":\"{kind}\"")), "{text}");
}

/// A reply has the same events however it is cut. The first byte says where to cut.
pub fn reply_reader(data: &[u8]) {
    for content_type in CONTENT_TYPES {
        let whole = assert_same_however_cut(data, |chunks| read(content_type, chunks));
        // A byte that is not UTF-8 becomes a character of three, and a character of a string an escape of six. Text has
        // no event that could be too large.
        let is_bounded = |event: &String| event.len() <= 6 * MAX_EVENT_BYTES + 2;
        assert!(content_type == "text/plain" || whole.0.iter().all(is_bounded), "an event is too large");
    }
}

/// A body decodes to the same however it is cut. The first byte says where to cut.
pub fn content_encoding(data: &[u8]) {
    for encoding in CONTENT_ENCODINGS {
        assert_same_however_cut(data, |chunks| decode(encoding, chunks));
    }
}

fn assert_same_however_cut<T: PartialEq + std::fmt::Debug + Default>(data: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T {
    let Some((&cut, body)) = data.split_first() else { return T::default() };
    let whole = read(&[body]);
    let at = usize::from(cut) % (body.len() + 1);
    assert_eq!(whole, read(&[&body[..at], &body[at..]]), "cut in two: {body:?}");
    assert_eq!(whole, read(&body.chunks(1).collect::<Vec<_>>()), "byte by byte: {body:?}");
    assert_eq!(whole, read(&body.chunks(usize::from(cut % 7) + 2).collect::<Vec<_>>()), "in pieces: {body:?}");
    whole
}

/// The events of a reply; those of text are one, for where it is cut is where it was.
fn read(content_type: &str, chunks: &[&[u8]]) -> (Vec<String>, Option<ReplyError>) {
    let mut reader = EventReader::new(Some(content_type), MAX_EVENT_BYTES);
    let (mut events, mut error) = (Vec::new(), None);
    let mut step = |result: Result<Vec<Event>, ReplyError>| match result {
        Ok(more) => {
            events.extend(more.iter().map(|event| format!("{}{}", event.name().unwrap_or_default(), event.as_json())));
            true
        }
        Err(found) => {
            error = Some(found);
            false
        }
    };
    if chunks.iter().all(|chunk| step(reader.feed(chunk))) {
        step(reader.finish());
    }
    if content_type == "text/plain" {
        let text: Vec<String> = events.iter().map(|event| serde_json::from_str(event).expect("a string")).collect();
        events = vec![text.concat()];
    }
    (events, error)
}

fn decode(encoding: &str, chunks: &[&[u8]]) -> (Vec<u8>, Option<ReplyError>) {
    let mut decoder = Decoder::for_encoding(encoding).expect("it is one");
    let mut decoded = Vec::new();
    for chunk in chunks {
        decoder.add(chunk.to_vec().into());
        while !decoder.is_idle() {
            match decoder.decode() {
                Ok(piece) => decoded.extend(piece),
                Err(error) => return (decoded, Some(error)),
            }
        }
    }
    let error = decoder.finish().err();
    (decoded, error)
}

/// A queue's record is a prompt that survives its encoding, or none.
pub fn queue_record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(prompt) = QueuedPrompt::decode(text) else { return };
    let encoded = prompt.encode();
    let again = QueuedPrompt::decode(&encoded).expect("what is encoded can be decoded");
    assert_eq!((&again.run, &again.connection, &again.agent), (&prompt.run, &prompt.connection, &prompt.agent));
    assert_eq!((again.received_at, &again.trace), (prompt.received_at, &prompt.trace));
    let invoked = |prompt: &QueuedPrompt| invocation(&prompt.body, &prompt.run.request);
    assert_eq!(invoked(&again), invoked(&prompt));
    assert_eq!(again.encode(), encoded);
    // Amazon SQS: group and deduplication id have at most 128 characters. AgentCore: a session id has 33 to 256.
    assert!(prompt.group().len() <= 128 && prompt.deduplication_id().len() <= 128);
    assert!((33..=256).contains(&runtime_session_id(&prompt.run.session).len()));
}
