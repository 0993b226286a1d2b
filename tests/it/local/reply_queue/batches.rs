//! `SendMessageBatch`: what is refused as a whole, and what by entry.

use agentcore_gateway::local::replies::message::MAX_BYTES;
use serde_json::{Value, json};

use super::{Door, SEND_BATCH, answer_to, but, entry, run, said, said_by, token};

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["Id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_messages_of_a_batch_are_queued_in_order() {
    let door = Door::open().await;
    let entries: Vec<Value> = (0..10).map(|index| entry(&format!("m-{index}_"), &said(index))).collect();
    let answer = door.send_batch(&json!(entries)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["Failed"]), (200, &json!([])));
    let batch = door.queue.receive_batch(10).await;
    let successful = answer.body["Successful"].as_array().unwrap();
    assert_eq!((batch.len(), successful.len()), (10, 10));
    for (at, (delivery, entry)) in batch.iter().zip(successful).enumerate() {
        assert_eq!(*delivery.body, said(at as u64));
        assert_eq!(
            (entry["Id"].as_str().unwrap(), &entry["MessageId"]),
            (&*format!("m-{at}_"), &json!(delivery.message_id))
        );
        assert_eq!(entry["MD5OfMessageBody"].as_str().unwrap().len(), 32);
    }
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused_as_a_whole() {
    let door = Door::open().await;
    let many: Vec<Value> = (0..11).map(|index| entry(&index.to_string(), &said(index))).collect();
    let with_id = |id: &str| json!([entry("a", &said(0)), entry(id, &said(1))]);
    let long = "x".repeat(81);
    for (entries, name) in [
        (json!([]), "EmptyBatchRequest"),
        (Value::Null, "EmptyBatchRequest"),
        (json!(many), "TooManyEntriesInBatchRequest"),
        (with_id("a"), "BatchEntryIdsNotDistinct"),
        (with_id(""), "InvalidBatchEntryId"),
        (with_id("a.b"), "InvalidBatchEntryId"),
        (with_id(&long), "InvalidBatchEntryId"),
        (json!([but(&entry("a", &said(0)), "Id", Value::Null)]), "InvalidBatchEntryId"),
    ] {
        let body = but(&json!({"QueueUrl": super::URL}), "Entries", entries);
        let answer = answer_to(door.request(SEND_BATCH, body.to_string())).await;
        let code = format!("AWS.SimpleQueueService.{name};Sender");
        assert_eq!(answer.error(), (400, name, Some(code.as_str())));
    }
    let other = json!({"QueueUrl": "other", "Entries": [entry("a", &said(0))]});
    let answer = answer_to(door.request(SEND_BATCH, other.to_string())).await;
    assert_eq!(answer.error().1, "QueueDoesNotExist");
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn all_messages_of_a_batch_have_a_mebibyte_at_most() {
    let door = Door::open().await;
    let half = |index: u64, bytes: usize| {
        let message = said(index);
        let room = bytes - message.len();
        entry(&index.to_string(), &message.replace("word", &format!("word{}", "x".repeat(room))))
    };
    let answer = door.send_batch(&json!([half(0, MAX_BYTES / 2), half(1, MAX_BYTES / 2)])).await;
    assert_eq!((answer.status.as_u16(), door.queue.bytes()), (200, MAX_BYTES));
    let answer = door.send_batch(&json!([half(2, MAX_BYTES / 2), half(3, MAX_BYTES / 2 + 1)])).await;
    assert_eq!(answer.error().1, "BatchRequestTooLong");
    assert!(answer.message().contains("1048577"), "{}", answer.message());
    assert_eq!(door.queue.len(), 2);
}

#[tokio::test]
async fn each_entry_is_refused_for_itself() {
    let door = Door::open().await;
    let good = entry("good", &said(7));
    let answer = door
        .send_batch(&json!([
            but(&entry("no-group", &said(0)), "MessageGroupId", Value::Null),
            but(&entry("no-body", &said(0)), "MessageBody", Value::Null),
            but(&entry("delayed", &said(0)), "DelaySeconds", 5.into()),
            entry("control", &format!("{}\u{1}", said(0))),
            entry("other-token", &said_by(&run(1), &token(2), 0)),
            entry("other-run", &said_by(&run(2), &token(1), 0)),
            entry("no-message", "{}"),
            good,
        ]))
        .await;
    assert_eq!((answer.status.as_u16(), ids(&answer.body["Successful"])), (200, vec!["good"]));
    let failed: Vec<(&str, &str, bool)> = answer.body["Failed"].as_array().unwrap().iter().map(failure).collect();
    let expected = [
        ("no-group", "MissingParameter", true),
        ("no-body", "MissingParameter", true),
        ("delayed", "InvalidParameterValue", true),
        ("control", "InvalidMessageContents", true),
        ("other-token", "AccessDenied", true),
        ("other-run", "AccessDenied", true),
        ("no-message", "InvalidMessageContents", true),
    ];
    assert_eq!(failed, expected);
    assert_eq!(door.drain().await, [said(7)]);
}

fn failure(entry: &Value) -> (&str, &str, bool) {
    assert!(!entry["Message"].as_str().unwrap().is_empty());
    (entry["Id"].as_str().unwrap(), entry["Code"].as_str().unwrap(), entry["SenderFault"].as_bool().unwrap())
}

#[tokio::test]
async fn what_comes_behind_a_message_that_finds_no_room_finds_none_either() {
    let door = Door::open().await;
    for index in 0..98 {
        door.queue.put("group", &format!("earlier {index}"), "x").unwrap();
    }
    let mut entries: Vec<Value> = (0..4).map(|index| entry(&index.to_string(), &said(index))).collect();
    entries[3]["MessageGroupId"] = "other".into();
    let answer = door.send_batch(&json!(entries)).await;
    assert_eq!(ids(&answer.body["Successful"]), ["0", "1"]);
    let failed: Vec<_> = answer.body["Failed"].as_array().unwrap().iter().map(failure).collect();
    assert_eq!(failed, [("2", "RequestThrottled", false), ("3", "RequestThrottled", false)]);
}
