//! What API Gateway does to messages and connections, and the answers to bad input.

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::agent::{FakeAgent, Script};
use crate::support::socket::{Client, gateway};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Sends `text` in frames of `size` bytes.
async fn send_in_frames(client: &mut Client, text: &str, size: usize) {
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
    for (at, chunk) in chunks.iter().enumerate() {
        let opcode = if at == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(chunk.to_vec(), OpCode::Data(opcode), at + 1 == chunks.len());
        client.stream.send(Message::Frame(frame)).await.expect("the gateway reads all of it");
    }
}

fn echo_of(bytes: usize) -> String {
    let text = json!({"action": "echo", "data": ""}).to_string();
    text.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - text.len())))
}

#[tokio::test]
async fn a_message_may_have_128_kib_in_frames_of_32_kib() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    send_in_frames(&mut client, &echo_of(128 * KIB), 32 * KIB).await;
    assert_eq!(client.next().await.unwrap()["code"], "too_large", "the message was taken, its echo does not fit");
    send_in_frames(&mut client, &echo_of(128 * KIB + 1), 32 * KIB).await;
    assert_eq!(client.close_code().await, 1009);

    let mut client = Client::connect(&gateway).await;
    send_in_frames(&mut client, &echo_of(32 * KIB), 32 * KIB).await;
    assert!(client.next().await.is_some());
    send_in_frames(&mut client, &echo_of(32 * KIB + 1), 64 * KIB).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_idle_in_the_end() {
    let gateway = gateway(None, |config| config.idle_timeout = Duration::from_millis(300)).await;
    let mut client = Client::connect(&gateway).await;
    // More than lies in the buffers between the two: it is read only by a gateway that has begun to close.
    let sending = async {
        for _ in 0..2 * KIB {
            client.stream.send(Message::text(echo_of(30 * KIB))).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sending).await.expect("the gateway closes");
}

#[tokio::test]
async fn a_message_of_any_size_is_closed_with_1009() {
    let gateway = gateway(None, |_| {}).await;
    for size in [MIB, 5 * MIB, 16 * MIB] {
        for frame in [size, 32 * KIB] {
            let mut client = Client::connect(&gateway).await;
            send_in_frames(&mut client, &echo_of(size), frame).await;
            assert_eq!(client.close_code().await, 1009, "{size} bytes in frames of {frame}");
        }
        let mut client = Client::connect(&gateway).await;
        client.stream.send(Message::binary(vec![0; size])).await.unwrap();
        assert_eq!(client.close_code().await, 1009, "{size} bytes of a binary message");
    }
}

#[tokio::test]
async fn who_reads_nothing_while_it_sends_too_much_is_told_why_it_is_closed_too() {
    let event = json!("x".repeat(9 * MIB)).to_string();
    let agent = FakeAgent::start(move |_| Script::events(&[event.as_str()])).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
    // The reply fills all that lies between the gateway and this client.
    while client.next().await.unwrap()["type"] != "output" {}
    client.stream.send(Message::text("x".repeat(5 * MIB))).await.unwrap();
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn a_prompt_of_128_kib_reaches_the_agent_whole() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    let words = "word ".repeat(10).trim_end().to_owned();
    let padding = " ".repeat(120 * KIB);
    send_in_frames(&mut client, &format!(r#"{{"prompt":"{words}{padding}","requestId":"r"}}"#), 32 * KIB).await;
    assert_eq!(client.next().await.unwrap()["type"], "accepted");
}

#[tokio::test]
async fn binary_frames_and_broken_text_close_the_connection() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    client.stream.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(client.close_code().await, 1003);
    let mut client = Client::connect(&gateway).await;
    let frame = Frame::message(vec![b'"', 0xff, b'"'], OpCode::Data(Data::Text), true);
    client.stream.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn bad_messages_are_answered_and_the_connection_stays() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    let nested = format!(r#"{{"input":{}{}}}"#, r#"{"a":"#.repeat(5000) + "1", "}".repeat(5000));
    for (message, code, says) in [
        ("", "invalid_json", "not valid JSON"),
        ("hello", "invalid_json", "not valid JSON"),
        (nested.as_str(), "invalid_json", "127 levels"),
        ("[1]", "invalid_request", "must be a JSON object"),
        ("{}", "invalid_request", "\"prompt\""),
        (r#"{"prompt":" \n\u00a0"}"#, "invalid_request", "white space"),
        (r#"{"prompt":"x","input":{}}"#, "invalid_request", "Exactly one"),
        (r#"{"prompt":"x","agent":"nobody"}"#, "unknown_agent", "default"),
        (r#"{"action":"dance"}"#, "invalid_request", "resume, stop, upload, ping, echo"),
        (r#"{"action":"dance","prompt":"x"}"#, "invalid_request", "resume, stop, upload, ping, echo"),
        (r#"{"action":"resume"}"#, "invalid_request", "\"sessionId\""),
        (r#"{"action":"resume","sessionId":"s","after":-1}"#, "invalid_request", "\"after\""),
        (r#"{"action":"stop","sessionId":"s"}"#, "not_found", "no running request"),
    ] {
        let answer = client.answer_to(message).await;
        assert_eq!((answer["type"].as_str(), answer["code"].as_str()), (Some("rejected"), Some(code)), "{message:.50}");
        assert!(answer["message"].as_str().unwrap().contains(says), "{answer}");
    }
    let answer = client.answer_to(r#"{"prompt":7,"requestId":"mine"}"#).await;
    assert_eq!(answer["requestId"], "mine");
    assert_eq!(client.answer_to(r#"{"action":"echo","data":[1.50]}"#).await, json!({"type": "echo", "data": [1.5]}));
    assert_eq!(client.answer_to(r#"{"action":"echo"}"#).await, json!({"type": "echo", "data": null}));
}

#[tokio::test]
async fn an_idle_or_old_connection_is_closed() {
    let idle = gateway(None, |config| config.idle_timeout = Duration::from_millis(150)).await;
    let mut client = Client::connect(&idle).await;
    assert_eq!(client.answer_to(r#"{"action":"ping"}"#).await["type"], "pong");
    assert_eq!(client.close_code().await, 1001);
    let old = gateway(None, |config| config.max_connection_age = Duration::from_millis(150)).await;
    let mut client = Client::connect(&old).await;
    client.send(&json!({"prompt": "count to 200", "requestId": "r"})).await;
    assert_eq!(client.close_code().await, 1001);
}

#[tokio::test]
async fn too_many_waiting_prompts_of_one_session_are_refused() {
    let gateway = gateway(None, |config| config.queue.max_waiting = 3).await;
    let mut client = Client::connect(&gateway).await;
    let mut answers: Vec<Value> = Vec::new();
    for number in 0..4 {
        client.send(&json!({"prompt": "count to 1000", "sessionId": "s", "requestId": number.to_string()})).await;
    }
    while answers.len() < 4 {
        let frame = client.next().await.unwrap();
        if matches!(frame["type"].as_str(), Some("accepted" | "rejected")) {
            answers.push(frame);
        }
    }
    let refused = &answers[3];
    assert_eq!(
        (&refused["code"], &refused["retryable"], &refused["requestId"]),
        (&json!("rate_limited"), &json!(true), &json!("3"))
    );
}

#[tokio::test]
async fn a_prompt_that_no_worker_is_given_has_its_ending_all_the_same() {
    let gateway = gateway(None, |config| config.queue.max_receive_count = 0).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "Hello", "requestId": "r"})).await;
    let mut frames = [client.next().await.unwrap(), client.next().await.unwrap()];
    frames.sort_by_key(|frame| frame["type"].to_string());
    assert_eq!((&frames[0]["type"], &frames[1]["type"]), (&json!("accepted"), &json!("failed")));
    assert_eq!((&frames[1]["code"], &frames[1]["retryable"]), (&json!("internal"), &json!(true)));
}
