//! Prompts that were given up.

use agentcore_gateway::clock::{Clock, SystemClock};
use agentcore_gateway::journal;
use serde_json::{Value, json};

use super::{CLOSER, GIVEN_UP, PUSH, WATCH, body, event, names, sent, start, willing};
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::{answer, operation};

/// The events' batch as it was given up, its prompt being so many milliseconds old.
pub(super) fn prompts(age: u64) -> Value {
    let mut event = event!("prompts");
    let received = (SystemClock.now().0 - age).to_string();
    let body = event["Records"][0]["body"].as_str().unwrap().replace("1790000000500", &received);
    event["Records"][0]["body"] = json!(body);
    event
}

/// A table that has what was put into it.
pub(super) fn remembering() -> impl FnMut(&Request) -> Script + Send {
    let mut items = Vec::new();
    move |request| match operation(request) {
        "PutItem" => {
            items.push(body(request)["Item"].clone());
            answer(&json!({}))
        }
        "Query" => answer(&json!({"Items": items})),
        _ => willing(request),
    }
}

#[tokio::test]
async fn a_prompt_that_was_given_up_gets_its_ending_and_what_is_no_prompt_is_dropped() {
    let aws = FakeAgent::start(remembering()).await;
    let response = start(CLOSER, &aws).await.invoke(&prompts(1000)).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
    assert_eq!(names(&aws)[..6], ["Query", "GetItem", "PutItem", "GetItem", "Query", PUSH]);
    let sent = sent(&aws);
    assert_eq!((&sent[2].1["Item"]["sk"]["S"], &sent[2].1["TableName"]), (&json!("0000000001"), &json!("gateway")));
    assert_eq!(
        sent.iter().find(|(name, _)| name == PUSH).unwrap().1,
        json!({
            "type": "failed", "requestId": "r-1", "sessionId": "travel #1", "seq": 1,
            "code": "internal", "message": "The prompt could not be run.", "retryable": true,
        })
    );
}

#[tokio::test]
async fn a_prompt_whose_run_is_alive_comes_again_from_its_own_queue() {
    let now = SystemClock.now().0;
    let active = json!({"M": {
        "request": {"S": "r-1"}, "lease": {"S": "another"},
        "lease_until": {"N": (now + 50_000).to_string()}, "started_at": {"N": now.to_string()},
    }});
    let taken = json!({"Item": {"active": active, "expires_at": {"N": "4102444800"}}});
    let aws = FakeAgent::start(move |request| match operation(request) {
        "GetItem" => answer(&taken),
        _ => willing(request),
    })
    .await;
    let event = prompts(1000);
    let response = start(CLOSER, &aws).await.invoke(&event).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}));
    assert_eq!(names(&aws), ["Query", "GetItem", "ChangeMessageVisibility"]);
    let hidden = &sent(&aws)[2].1;
    assert_eq!(hidden["QueueUrl"], GIVEN_UP);
    // What is left of a run of 900 s, by the nine times that it still comes.
    assert!((98..=100).contains(&hidden["VisibilityTimeout"].as_u64().unwrap()), "{hidden}");
}

#[tokio::test]
async fn a_prompt_that_is_older_than_any_journal_is_only_counted() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CLOSER, &aws).await;
    let too_old = u64::try_from(journal::RETENTION.as_millis()).unwrap() + 1;
    assert_eq!(function.invoke(&prompts(too_old)).await, Ok(json!({"batchItemFailures": []})));
    assert_eq!(names(&aws), [""; 0]);
    // What a metric filter counts: { $.fields.unended = 1 }.
    let log = function.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    assert_eq!(lines.filter(|line| line["fields"]["unended"] == 1 && line["level"] == "ERROR").count(), 1, "{log}");
}

/// A session whose run, `r-1`, is detached and has a lease until so many milliseconds from now.
fn detached(lease: i64) -> Value {
    let now = SystemClock.now().0;
    let (zero, until) = (json!({"N": "0"}), now.checked_add_signed(lease).unwrap());
    let active = json!({"M": {
        "request": {"S": "r-1"}, "lease": {"S": "lease-1"}, "agent": {"S": "default"},
        "lease_until": {"N": until.to_string()}, "started_at": {"N": (now - 1_000_000).to_string()},
        "reply": {"M": {"run": {"S": "run-0000000000000000000000000000002a"}, "token": {"S": "hash"}}},
        "detached": {"M": {
            "next_index": zero, "next_frames": zero, "next_bytes": zero, "last_seq": {"N": "1"},
            "began_index": zero, "began_seq": {"N": "1"},
        }},
    }});
    json!({"Item": {"active": active, "expires_at": {"N": "4102444800"}}})
}

#[tokio::test]
async fn a_run_that_goes_on_by_itself_is_looked_after_and_comes_again_from_the_queue_that_it_came_from() {
    let session = detached(100_000);
    let aws = FakeAgent::start(move |request| match operation(request) {
        "GetItem" => answer(&session),
        _ => willing(request),
    })
    .await;
    let event = event!("watch");
    let response = start(CLOSER, &aws).await.invoke(&event).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}));
    let sent = sent(&aws);
    let (name, hidden) = sent.last().unwrap();
    assert_eq!((name.as_str(), &hidden["QueueUrl"]), ("ChangeMessageVisibility", &json!(WATCH)));
    // When its lease is over, and a second.
    assert!((98..=101).contains(&hidden["VisibilityTimeout"].as_u64().unwrap()), "{hidden}");
    assert!(!names(&aws).iter().any(|name| name == "PutItem" || name == "UpdateItem"), "{:?}", names(&aws));
}

#[tokio::test]
async fn a_run_of_which_nothing_is_heard_any_more_is_interrupted() {
    let session = detached(-1000);
    let aws = FakeAgent::start(move |request| match operation(request) {
        "GetItem" => answer(&session),
        _ => willing(request),
    })
    .await;
    let response = start(CLOSER, &aws).await.invoke(&event!("watch")).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
    let sent = sent(&aws);
    let (_, put) = sent.iter().find(|(name, _)| name == "PutItem").unwrap();
    assert_eq!(put["Item"]["outcome"]["S"], "failed");
    let (_, finish) = sent.iter().find(|(name, _)| name == "UpdateItem").unwrap();
    // Nothing was heard of its agent, so there is nothing to stop.
    assert!(finish["UpdateExpression"].as_str().unwrap().contains("REMOVE #active, #unstopped"), "{finish}");
}

#[tokio::test]
async fn each_queue_gets_what_belongs_to_it_and_without_a_watch_queue_all_are_prompts() {
    // What is no run to look after is dropped as such; what is no prompt, likewise.
    let prompts_in_watch = |mut event: Value| {
        event["Records"][0]["eventSourceARN"] = json!("arn:aws:sqs:eu-central-1:123456789012:watch");
        event["Records"].as_array_mut().unwrap().truncate(1);
        event
    };
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CLOSER, &aws).await;
    assert_eq!(function.invoke(&prompts_in_watch(prompts(1000))).await, Ok(json!({"batchItemFailures": []})));
    let mut watch = event!("watch");
    watch["Records"][0]["eventSourceARN"] = json!("arn:aws:sqs:eu-central-1:123456789012:given-up.fifo");
    assert_eq!(function.invoke(&watch).await, Ok(json!({"batchItemFailures": []})));
    assert_eq!(names(&aws), [""; 0]);
    let log = function.stop();
    assert!(log.contains("names no run to look after") && log.contains("no prompt"), "{log}");
}
