//! What agents say that go on by themselves.

use agentcore_gateway::clock::{Clock, SystemClock};
use agentcore_gateway::protocol::reply::ReplyToken;
use serde_json::{Value, json};

use super::{ADA, PUSH, RELAY, REPLIES, body, event, names, sent, start, willing};
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::{answer, operation};

const RUN: &str = "run-0000000000000000000000000000002a";

/// Under its name the run of the events' session.
fn named() -> Value {
    json!({"Item": {
        "principal": {"S": "auth0|ada"}, "session": {"S": "travel #1"}, "request": {"S": "r-1"},
        "expires_at": {"N": "4102444800"},
    }})
}

/// Its session, which it has and which the connection of the events is attached to: detached behind `started`, if it is.
fn session(is_detached: bool) -> Value {
    let now = SystemClock.now().0;
    let token = ReplyToken::parse("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoyMzQ1Njc").unwrap();
    let mut active = json!({
        "request": {"S": "r-1"}, "lease": {"S": "lease-1"}, "agent": {"S": "default"},
        "lease_until": {"N": (now + 300_000).to_string()}, "started_at": {"N": now.to_string()},
        "reply": {"M": {"run": {"S": RUN}, "token": {"S": token.hash().0}}},
    });
    if is_detached {
        let zero = json!({"N": "0"});
        active["detached"] = json!({"M": {
            "next_index": zero, "next_frames": zero, "next_bytes": zero, "last_seq": {"N": "1"},
            "began_index": zero, "began_seq": {"N": "1"},
        }});
    }
    json!({
        "active": {"M": active}, "connections": {"SS": ["L0SM9cOFvHcCIhw="]},
        "attached#L0SM9cOFvHcCIhw=": {"N": "1790000000500"}, "expires_at": {"N": "4102444800"},
    })
}

/// A table with the run, from which a finish frees its session.
fn table(is_detached: bool) -> impl FnMut(&Request) -> Script + Send {
    let mut session = session(is_detached);
    move |request| match operation(request) {
        "GetItem" if body(request)["Key"]["pk"]["S"] == format!("REPLY#{RUN}") => answer(&named()),
        "GetItem" => answer(&json!({"Item": session})),
        "UpdateItem" => {
            if body(request)["UpdateExpression"].as_str().unwrap().contains("REMOVE #active") {
                session.as_object_mut().unwrap().remove("active");
                session["latest"] = body(request)["ExpressionAttributeValues"][":latest"].clone();
            }
            answer(&json!({"Attributes": session}))
        }
        _ => willing(request),
    }
}

#[tokio::test]
async fn messages_are_journaled_pushed_and_the_last_of_them_ends_the_run() {
    let aws = FakeAgent::start(table(true)).await;
    let response = start(RELAY, &aws).await.invoke(&event!("replies")).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
    let names = names(&aws);
    // The name, the session and the end of the journal are read, and the batch is one segment and one update.
    assert_eq!(names[..5], ["GetItem", "GetItem", "Query", "PutItem", "UpdateItem"], "{names:?}");
    let sent = sent(&aws);
    let segment = &sent[3].1["Item"];
    assert_eq!(segment["pk"]["S"], format!("RUN#{ADA}#travel #1#r-1"));
    assert_eq!((&segment["sk"]["S"], &segment["outcome"]["S"]), (&json!("0000000002"), &json!("completed")));
    assert_eq!(segment["next_index"]["N"], "2");
    assert_eq!(sent[4].1["Key"]["pk"]["S"], format!("SESSION#{ADA}#travel #1"));
}

#[tokio::test]
async fn a_heartbeat_writes_no_segment_and_says_that_the_run_is_alive() {
    let aws = FakeAgent::start(table(true)).await;
    let mut event = event!("replies");
    let records = event["Records"].as_array_mut().unwrap();
    records.truncate(1);
    let body = records[0]["body"].as_str().unwrap().replace(r#"["Grüße"]"#, "[]");
    records[0]["body"] = json!(body);
    assert_eq!(start(RELAY, &aws).await.invoke(&event).await.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(names(&aws), ["GetItem", "GetItem", "Query", "UpdateItem", PUSH]);
    assert_eq!(sent(&aws)[4].1["type"], "progress");
}

#[tokio::test]
async fn messages_of_a_run_that_is_not_detached_yet_come_again_in_two_seconds_and_later_in_ten() {
    for (received, pause) in [("1", 2), ("150", 2), ("151", 10)] {
        let aws = FakeAgent::start(table(false)).await;
        let mut event = event!("replies");
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!(received);
        let response = start(RELAY, &aws).await.invoke(&event).await.unwrap();
        let failed =
            event["Records"].as_array().unwrap().iter().map(|record| json!({"itemIdentifier": record["messageId"]}));
        assert_eq!(response, json!({"batchItemFailures": failed.collect::<Vec<_>>()}));
        let sent = sent(&aws);
        let hidden: Vec<_> = sent.iter().filter(|(name, _)| name == "ChangeMessageVisibility").collect();
        assert_eq!(hidden.len(), 2);
        for (_, hidden) in hidden {
            assert_eq!((&hidden["QueueUrl"], &hidden["VisibilityTimeout"]), (&json!(REPLIES), &json!(pause)));
        }
    }
}

#[tokio::test]
async fn a_wrong_token_and_what_is_no_message_are_logged_and_dropped_and_no_token_is_in_the_log() {
    let aws = FakeAgent::start(table(true)).await;
    let mut function = start(RELAY, &aws).await;
    let mut event = event!("replies");
    let body = event["Records"][0]["body"].as_str().unwrap().replace("YWJj", "WWJj");
    event["Records"][0]["body"] = json!(body);
    event["Records"][1]["body"] = json!("no JSON");
    assert_eq!(function.invoke(&event).await.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(names(&aws), ["GetItem", "GetItem"]);
    let log = function.stop();
    assert!(log.contains("wrong token") && log.contains("no reply") && !log.contains("WWJj"), "{log}");
}

#[tokio::test]
async fn a_message_of_a_later_release_comes_again() {
    let aws = FakeAgent::start(willing).await;
    let mut event = event!("replies");
    event["Records"].as_array_mut().unwrap().truncate(1);
    event["Records"][0]["body"] = json!(r#"{"type":"reply","version":2}"#);
    let response = start(RELAY, &aws).await.invoke(&event).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}));
    assert_eq!(names(&aws), ["ChangeMessageVisibility"]);
}
