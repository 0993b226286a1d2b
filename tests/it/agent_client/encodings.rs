//! Replies that are encoded though nobody asked for it.

use std::fmt::Debug;
use std::io::Write;

use agentcore_gateway::agent::{MAX_EVENT_BYTES, Progress, ReplyError};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::{all_events, container, next_events, reply};
use crate::support::agent::{FakeAgent, Script};
use crate::support::gzip;

async fn result_of(script: Script) -> Result<Vec<String>, ReplyError> {
    let agent = FakeAgent::once(script).await;
    all_events(reply(&container(&agent.url())).await).await
}

fn encoded(content_type: &str, encoding: &str, body: impl Into<Vec<u8>>) -> Script {
    Script::body(content_type, body).with_header("content-encoding", encoding)
}

/// That each event is there as soon as `encoder` has flushed it.
async fn assert_streamed<E: Write + Debug>(encoding: &str, mut encoder: E, take: impl Fn(&mut E) -> &mut Vec<u8>) {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script.with_header("content-encoding", encoding)).await;
    let mut reply = reply(&container(&agent.url())).await;
    for number in 1..5 {
        encoder.write_all(format!("data: {number}\n\n").as_bytes()).unwrap();
        encoder.flush().unwrap();
        steps.send(std::mem::take(take(&mut encoder)));
        assert_eq!(next_events(&mut *reply).await, Ok(Some(vec![number.to_string()])), "{encoding}");
    }
}

#[tokio::test]
async fn events_that_are_encoded_come_as_the_agent_sends_them() {
    let fast = Compression::fast();
    assert_streamed("gzip", GzEncoder::new(Vec::new(), fast), GzEncoder::get_mut).await;
    assert_streamed("X-Gzip", GzEncoder::new(Vec::new(), fast), GzEncoder::get_mut).await;
    assert_streamed("deflate", ZlibEncoder::new(Vec::new(), fast), ZlibEncoder::get_mut).await;
    assert_streamed("deflate", DeflateEncoder::new(Vec::new(), fast), DeflateEncoder::get_mut).await;
}

#[tokio::test]
async fn an_encoded_body_of_each_type_is_read_as_if_it_were_not() {
    for (content_type, body, events) in [
        ("application/json", "\u{feff}{\"a\": 1.50}", vec!["{\"a\": 1.50}"]),
        ("application/x-ndjson", "1\n2\n", vec!["1", "2"]),
        ("text/plain", "héllo", vec!["\"héllo\""]),
        ("application/octet-stream", "x", vec!["\"x\""]),
        ("text/event-stream", ": nothing\n\n", vec![]),
        ("application/json", "", vec![]),
    ] {
        let events = events.into_iter().map(str::to_owned).collect();
        assert_eq!(result_of(encoded(content_type, "gzip", gzip(body))).await, Ok(events), "{content_type}");
    }
    assert_eq!(result_of(encoded("text/event-stream", "gzip", gzip("{}"))).await, Err(ReplyError::NoEventStream));
}

#[tokio::test]
async fn an_encoding_that_says_nothing_is_none() {
    for encoding in ["identity", "", " IDENTITY"] {
        assert_eq!(result_of(encoded("application/json", encoding, "1")).await, Ok(vec!["1".to_owned()]));
    }
    let twice = encoded("application/json", "identity", gzip("1")).with_header("content-encoding", "gzip");
    assert_eq!(result_of(twice).await, Ok(vec!["1".to_owned()]));
}

#[tokio::test]
async fn any_other_encoding_is_refused_unless_there_is_nothing_to_decode() {
    for encoding in ["br", "zstd", "compress", "gzip, br"] {
        let unknown = Err(ReplyError::UnknownEncoding(encoding.to_owned()));
        assert_eq!(result_of(encoded("application/json", encoding, "1")).await, unknown);
        assert_eq!(result_of(encoded("application/json", encoding, "")).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn an_encoded_body_that_is_damaged_keeps_the_events_before() {
    let body = gzip("data: 1\n\ndata: 2\n\n");
    let mut damaged = body.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let cases = [
        (damaged, ReplyError::BadEncoding("gzip")),
        (body[..body.len() - 3].to_vec(), ReplyError::Broken("unexpected end of file".to_owned())),
    ];
    for (body, error) in cases {
        let agent = FakeAgent::once(encoded("text/event-stream", "gzip", body)).await;
        let mut reply = reply(&container(&agent.url())).await;
        assert_eq!(next_events(&mut *reply).await, Ok(Some(vec!["1".to_owned(), "2".to_owned()])));
        assert_eq!(next_events(&mut *reply).await, Err(error));
    }
}

#[tokio::test]
async fn bytes_that_decode_to_nothing_yet_are_a_sign_of_life() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script.with_header("content-encoding", "gzip")).await;
    let mut reply = reply(&container(&agent.url())).await;
    for byte in &gzip("data: 1\n\n")[..10] {
        steps.send([*byte]);
        assert_eq!(reply.next().await, Ok(Progress::Events(Vec::new())));
    }
}

#[tokio::test]
async fn a_bomb_is_too_large_whatever_it_says_it_is() {
    let large = vec![b' '; MAX_EVENT_BYTES + 1];
    for content_type in ["application/json", "application/octet-stream", "application/x-ndjson", "text/event-stream"] {
        let body = gzip([b"data: ".to_vec(), large.clone()].concat());
        assert!(result_of(encoded(content_type, "gzip", body)).await == Err(ReplyError::TooLarge), "{content_type}");
    }
}

#[tokio::test]
async fn a_bomb_of_nothing_but_comments_is_too_large() {
    let comment = format!(": {}\n", " ".repeat(100_000));
    let bomb = gzip(comment.repeat(2 * MAX_EVENT_BYTES / comment.len() + 2));
    assert_eq!(result_of(encoded("text/event-stream", "gzip", bomb)).await, Err(ReplyError::TooLarge));
}
