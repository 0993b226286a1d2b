//! `SendMessage`: what is taken, and what is refused as SQS refuses it.

use agentcore_gateway::local::replies::message::MAX_BYTES;
use serde_json::{Value, json};

use super::{Door, SEND, answer_to, but, run, said, sent, token};

/// A message of run 1 with `bytes` bytes.
fn large(bytes: usize) -> String {
    let frame = super::said_by(&run(1), &token(1), 0);
    let room = bytes - frame.len();
    frame.replace("word 0", &format!("word 0{}", "x".repeat(room)))
}

#[tokio::test]
async fn a_message_is_queued_as_it_is() {
    let door = Door::open().await;
    let message = said(0).replace("word", "é 😀 \\u0000 \\ud83d\\ude00 \\\"");
    let answer = door.send(&sent(&message)).await;
    assert_eq!(answer.status.as_u16(), 200);
    let delivery = door.queue.receive().await;
    assert_eq!((&*delivery.body, delivery.group.as_str()), (message.as_str(), "group"));
    assert_eq!(answer.body["MessageId"], delivery.message_id);
    assert_eq!(answer.body["MD5OfMessageBody"].as_str().unwrap().len(), 32);
    let number = answer.body["SequenceNumber"].as_str().unwrap();
    assert!(number.len() == 20 && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
}

#[tokio::test]
async fn the_digest_is_the_md5_of_what_was_taken() {
    let door = Door::open().await;
    let message = concat!(
        r#"{"type":"reply","version":1,"run":"run-00000000000000000000000000000001","#,
        r#""token":"AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAE","index":0,"events":["é"]}"#
    );
    let answer = door.send(&sent(message)).await;
    assert_eq!(answer.body["MD5OfMessageBody"], "29c3ed959ce726902e4febf38bb7998b");
}

#[tokio::test]
async fn the_same_message_again_is_the_same_message() {
    let door = Door::open().await;
    let first = door.send(&sent(&said(0))).await;
    let again = door.send(&sent(&said(0))).await;
    let next = door.send(&but(&sent(&said(1)), "MessageDeduplicationId", "other".into())).await;
    assert_eq!(first.body, again.body);
    assert_ne!(first.body["MessageId"], next.body["MessageId"]);
    assert!(first.body["SequenceNumber"].as_str() < next.body["SequenceNumber"].as_str());
    assert_eq!(door.drain().await, [said(0), said(1)]);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let door = Door::open().await;
    for (member, value) in [("MessageBody", Value::Null), ("MessageBody", "".into()), ("MessageGroupId", Value::Null)] {
        let answer = door.send(&but(&sent(&said(0)), member, value)).await;
        assert_eq!(answer.error(), (400, "MissingRequiredParameterException", Some("MissingParameter;Sender")));
        assert!(answer.message().contains(member), "{}", answer.message());
    }
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let door = Door::open().await;
    let long = "x".repeat(129);
    for (member, value) in [
        ("MessageDeduplicationId", Value::Null),
        ("MessageDeduplicationId", "".into()),
        ("MessageDeduplicationId", "a b".into()),
        ("MessageDeduplicationId", long.clone().into()),
        ("MessageGroupId", "".into()),
        ("MessageGroupId", "é".into()),
        ("MessageGroupId", "a\n".into()),
        ("MessageGroupId", long.into()),
        ("DelaySeconds", 1.into()),
        ("DelaySeconds", (-1).into()),
    ] {
        let answer = door.send(&but(&sent(&said(0)), member, value.clone())).await;
        let error = (400, "InvalidParameterValueException", Some("InvalidParameterValue;Sender"));
        assert_eq!(answer.error(), error, "{member} {value}");
        assert!(answer.message().contains(member), "{}", answer.message());
    }
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn what_sdks_add_does_no_harm() {
    let door = Door::open().await;
    let traced = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}});
    let message = but(&sent(&said(0)), "MessageSystemAttributes", traced.clone());
    let message = but(&but(&message, "MessageAttributes", traced), "DelaySeconds", 0.into());
    assert_eq!(door.send(&message).await.status.as_u16(), 200);
    let ids = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~09azAZ"##;
    let message = but(&but(&sent(&said(1)), "MessageGroupId", ids.into()), "MessageDeduplicationId", ids.into());
    assert_eq!(door.send(&message).await.status.as_u16(), 200);
    assert_eq!(door.queue.len(), 2);
}

#[tokio::test]
async fn a_message_has_a_mebibyte_at_most_however_it_is_written() {
    let door = Door::open().await;
    let escaped = |message: &str| {
        let letters: String = message.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        sent("BODY").to_string().replace("BODY", &letters)
    };
    let largest = large(MAX_BYTES);
    assert_eq!(largest.len(), MAX_BYTES);
    let answer = answer_to(door.request(SEND, escaped(&largest))).await;
    assert_eq!((answer.status.as_u16(), door.queue.bytes()), (200, MAX_BYTES));
    for body in [sent(&large(MAX_BYTES + 1)).to_string(), escaped(&large(MAX_BYTES + 1))] {
        let answer = answer_to(door.request(SEND, body)).await;
        assert_eq!(answer.error(), (400, "InvalidParameterValueException", Some("InvalidParameterValue;Sender")));
        assert!(answer.message().contains("1048577") && answer.message().contains("1048576"), "{}", answer.message());
    }
    assert_eq!(door.queue.len(), 1);
}

#[tokio::test]
async fn a_character_that_sqs_does_not_take_is_named() {
    let door = Door::open().await;
    for (character, name) in [('\0', "U+0000"), ('\u{b}', "U+000B"), ('\u{fffe}', "U+FFFE"), ('\u{ffff}', "U+FFFF")] {
        let answer = door.send(&sent(&format!("{}{character}", said(0)))).await;
        assert_eq!(answer.error(), (400, "InvalidMessageContents", None));
        assert!(answer.message().contains(name), "{}", answer.message());
    }
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn a_request_that_is_not_json_is_refused() {
    let door = Door::open().await;
    let wrong = ["", "{", "[]", "null", r#"{"MessageBody":1}"#, r#"{"MessageBody":"\ud800"}"#];
    for body in wrong.map(|body| body.as_bytes().to_vec()).into_iter().chain([b"{\"QueueUrl\":\"\xff\"}".to_vec()]) {
        let answer = answer_to(door.request(SEND, body)).await;
        assert_eq!(answer.error(), (400, "SerializationException", None));
    }
}
