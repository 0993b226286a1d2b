//! Replies: the reader is chosen by the content type.

use agentcore_gateway::agent::{MAX_EVENT_BYTES, Progress, ReplyError};
use agentcore_gateway::protocol::event::Event;

use super::{all_events, container, next_events, reply};
use crate::support::agent::{FakeAgent, Script};

async fn events_of(script: Script) -> Vec<String> {
    let agent = FakeAgent::once(script).await;
    all_events(reply(&container(&agent.url())).await).await.unwrap()
}

#[tokio::test]
async fn events_come_as_the_agent_sends_them() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script).await;
    let mut reply = reply(&container(&agent.url())).await;
    assert!(reply.is_stream());
    for event in [r#""Start""#, r#"{"n": 1.50}"#, ""] {
        steps.event(event);
        let expected = if event.is_empty() { "\"\"" } else { event };
        assert_eq!(next_events(&mut *reply).await, Ok(Some(vec![expected.to_owned()])));
    }
    steps.send("data: \"last\"");
    assert_eq!(reply.next().await, Ok(Progress::Events(Vec::new())));
    steps.end();
    assert_eq!(next_events(&mut *reply).await, Ok(Some(vec!["\"last\"".to_owned()])));
    assert_eq!(next_events(&mut *reply).await, Ok(None));
}

#[tokio::test]
async fn an_event_cut_between_packets_is_whole() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script).await;
    let mut reply = reply(&container(&agent.url())).await;
    for piece in [&b"data: \"\xf0\x9f"[..], b"\x98\x80\"\r", b"\n\r"] {
        steps.send(piece);
        assert_eq!(reply.next().await, Ok(Progress::Events(Vec::new())));
    }
    steps.send("\n");
    assert_eq!(reply.next().await, Ok(Progress::Events(vec![Event::from_text("😀")])));
}

#[tokio::test]
async fn a_stream_without_events_is_a_whole_reply() {
    assert_eq!(events_of(Script::events(&[])).await, [""; 0]);
    assert_eq!(events_of(Script::body("text/event-stream", ": nothing\n\n")).await, [""; 0]);
}

#[tokio::test]
async fn a_json_reply_is_one_event() {
    for body in [r#""a string""#, r#"{"b": 1.50, "a": [1e400]}"#, "null", "3"] {
        assert_eq!(events_of(Script::json(body)).await, [body]);
    }
    for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/problem+json"] {
        assert_eq!(events_of(Script::body(content_type, "[1]")).await, ["[1]"]);
    }
}

#[tokio::test]
async fn json_that_is_none_is_a_string() {
    assert_eq!(events_of(Script::json("{\"open\": ")).await, [r#""{\"open\": ""#]);
}

#[tokio::test]
async fn only_events_and_lines_are_a_stream_in_which_something_can_fail() {
    for (content_type, is_stream) in [
        ("text/event-stream", true),
        ("application/x-ndjson", true),
        ("application/json-seq", true),
        ("application/json", false),
        ("text/plain", false),
        ("application/octet-stream", false),
    ] {
        let agent = FakeAgent::once(Script::body(content_type, ":\n")).await;
        assert_eq!(reply(&container(&agent.url())).await.is_stream(), is_stream, "{content_type}");
    }
}

#[tokio::test]
async fn lines_and_pieces_of_text_come_as_the_agent_sends_them() {
    for content_type in ["application/x-ndjson", "text/plain"] {
        let (steps, script) = Script::stream_of(content_type);
        let agent = FakeAgent::once(script).await;
        let mut reply = reply(&container(&agent.url())).await;
        for number in 1..4 {
            steps.send(format!("{number}\n"));
            let expected = if content_type == "text/plain" { format!("\"{number}\\n\"") } else { number.to_string() };
            assert_eq!(next_events(&mut *reply).await, Ok(Some(vec![expected])), "{content_type}");
        }
        steps.end();
        assert_eq!(next_events(&mut *reply).await, Ok(None));
    }
}

#[tokio::test]
async fn any_2xx_is_an_answer() {
    for status in [200, 201, 202, 203, 206, 207, 226, 299] {
        let script = Script::status(status, "{\"a\": 1.50}").with_header("content-type", "application/json");
        assert_eq!(events_of(script).await, ["{\"a\": 1.50}"], "{status}");
        let script = Script::status(status, "").with_header("content-type", "application/json");
        assert_eq!(events_of(script).await, [""; 0], "{status}");
    }
}

#[tokio::test]
async fn no_content_and_reset_content_are_empty_whatever_they_say() {
    for (name, value) in [("content-type", "text/event-stream"), ("content-encoding", "br")] {
        let head = format!("HTTP/1.1 204 No Content\r\n{name}: {value}\r\n\r\n");
        assert_eq!(events_of(Script::Raw(head.into_bytes())).await, [""; 0]);
        assert_eq!(events_of(Script::status(205, "x").with_header(name, value)).await, [""; 0]);
    }
}

#[tokio::test]
async fn other_bodies_are_one_string() {
    let html = "<!doctype html>\n<p>\"é\"</p>";
    let expected = serde_json::Value::from(html).to_string();
    for content_type in ["text/html", "text/plain; charset=utf-8", "application/octet-stream", "image/png", ""] {
        assert_eq!(events_of(Script::body(content_type, html)).await, [expected.as_str()], "{content_type}");
    }
    assert_eq!(events_of(Script::status(200, "[1]")).await, ["\"[1]\""]);
    assert_eq!(events_of(Script::body("application/octet-stream", &b"a\xffb"[..])).await, ["\"a\u{fffd}b\""]);
}

#[tokio::test]
async fn an_empty_body_is_no_event() {
    for content_type in ["application/json", "text/html", "text/event-stream"] {
        assert_eq!(events_of(Script::body(content_type, "")).await, [""; 0], "{content_type}");
    }
    assert_eq!(events_of(Script::status(200, "")).await, [""; 0]);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_whole() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script).await;
    let mut reply = reply(&container(&agent.url())).await;
    steps.event("1");
    assert_eq!(next_events(&mut *reply).await, Ok(Some(vec!["1".to_owned()])));
    steps.send("data: 2");
    steps.break_off();
    assert!(matches!(next_events(&mut *reply).await, Err(ReplyError::Broken(_))));
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_not_whole() {
    for content_type in ["application/json", "text/plain", "text/event-stream"] {
        let agent = FakeAgent::once(Script::broken_body(content_type, "data: 1\n\n{}")).await;
        let result = all_events(reply(&container(&agent.url())).await).await;
        assert!(matches!(result, Err(ReplyError::Broken(_))), "{content_type}: {result:?}");
    }
}

#[tokio::test]
async fn an_event_over_the_limit_is_too_large() {
    for content_type in ["application/json", "application/octet-stream", "application/jsonl", "text/event-stream"] {
        let body = [b"data: ".to_vec(), vec![b'x'; MAX_EVENT_BYTES + 1]].concat();
        let agent = FakeAgent::once(Script::body(content_type, body)).await;
        let result = all_events(reply(&container(&agent.url())).await).await;
        assert!(result == Err(ReplyError::TooLarge), "{content_type}");
    }
}

#[tokio::test]
async fn a_reply_of_the_largest_size_is_whole() {
    let body = format!("\"{}\"", "x".repeat(MAX_EVENT_BYTES - 2));
    assert_eq!(events_of(Script::json(body.clone())).await, [body]);
}

#[tokio::test]
async fn a_body_that_is_no_event_stream_is_refused() {
    for body in ["{\"error\": \"x\"}", "\n"] {
        let agent = FakeAgent::once(Script::body("text/event-stream", body)).await;
        assert_eq!(all_events(reply(&container(&agent.url())).await).await, Err(ReplyError::NoEventStream));
    }
}

#[tokio::test]
async fn the_agent_learns_when_nobody_reads_any_more() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::once(script).await;
    let reply = reply(&container(&agent.url())).await;
    drop(reply);
    steps.closed().await;
}
