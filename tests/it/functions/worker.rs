//! The queue's messages.

use agentcore_gateway::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{ADA, PUSH, QUEUE, WORKER, body, event, names, sent, start, willing};
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::{answer, condition_failed, operation};

const INVOKE: &str = "POST /runtimes/arn%3Aaws%3Abedrock-agentcore%3Aeu-central-1%3A123456789012%3Aruntime%2Fagent-0123456789/invocations?qualifier=DEFAULT";

/// A table in which a claim attaches the connection for good, and an agent that greets.
pub(super) fn busy() -> impl FnMut(&Request) -> Script + Send {
    let mut session = json!({});
    move |request| {
        if request.path.starts_with("/runtimes/") {
            return Script::events(&["\"Grüße\""]);
        }
        let body = if operation(request) == "UpdateItem" { body(request) } else { return willing(request) };
        let values = &body["ExpressionAttributeValues"];
        if let Some(active) = values.get(":active") {
            session = json!({
                "active": active, "connections": values[":connections"],
                "attached#L0SM9cOFvHcCIhw=": values[":now"], "expires_at": values[":expires_at"],
            });
        }
        answer(&json!({"Attributes": session}))
    }
}

/// The events' batch, its prompt being of this moment.
pub(super) fn prompts() -> Value {
    let mut event = event!("prompts");
    let now = SystemClock.now().0.to_string();
    let body = event["Records"][0]["body"].as_str().unwrap().replace("1790000000500", &now);
    event["Records"][0]["body"] = json!(body);
    event
}

#[tokio::test]
async fn a_prompt_is_run_from_the_claim_to_the_ending_and_what_is_no_prompt_is_dropped() {
    let aws = FakeAgent::start(busy()).await;
    let response = start(WORKER, &aws).await.invoke(&prompts()).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
    let sent = sent(&aws);
    let of = |name: &str| sent.iter().filter(|(sent, _)| sent == name).map(|(_, body)| body).collect::<Vec<_>>();

    let [hide] = of("ChangeMessageVisibility")[..] else { panic!("{:?}", names(&aws)) };
    let receipt = &event!("prompts")["Records"][0]["receiptHandle"];
    assert_eq!(*hide, json!({"QueueUrl": QUEUE, "ReceiptHandle": receipt, "VisibilityTimeout": 60}));
    assert_eq!(of("Query").len(), 1);
    let [claim, record, finish] = of("UpdateItem")[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!(claim["Key"]["pk"]["S"], format!("SESSION#{ADA}#travel #1"));
    assert_eq!(claim["ExpressionAttributeValues"][":active"]["M"]["request"]["S"], "r-1");
    assert_eq!(record["Key"]["pk"]["S"], "CONNECTION#L0SM9cOFvHcCIhw=");
    assert_eq!(finish["ExpressionAttributeNames"]["#latest"], "latest");

    let [invocation] = of(INVOKE)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!(invocation["prompt"], "Grüße aus Köln");
    let call = aws.requests().into_iter().find(|request| request.path.starts_with("/runtimes/")).unwrap();
    assert!(call.header("x-amzn-trace-id").unwrap().starts_with("Root=1-67891233-abcdef012345678912345678"));

    let frames: Vec<(&str, u64)> =
        of(PUSH).iter().map(|frame| (frame["type"].as_str().unwrap(), frame["seq"].as_u64().unwrap())).collect();
    assert_eq!(frames, [("started", 1), ("output", 2), ("completed", 3)]);
    let segments: Vec<&Value> = of("PutItem").into_iter().map(|put| &put["Item"]["sk"]["S"]).collect();
    assert_eq!(segments, ["0000000001", "0000000002"]);
    // The first segment stands before the call, and the ending before it is pushed (I1, I3).
    let at = |wanted: &dyn Fn(&(String, Value)) -> bool| sent.iter().position(wanted).unwrap();
    assert!(at(&|(name, _)| name == "PutItem") < at(&|(name, _)| name == INVOKE));
    assert!(at(&|(_, body)| body["Item"].get("outcome").is_some()) < at(&|(_, body)| body["type"] == "completed"));
}

#[tokio::test]
async fn the_call_of_the_agent_belongs_to_the_trace_of_the_message() {
    let aws = FakeAgent::start(busy()).await;
    let mut event = prompts();
    let header = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1;Lineage=1:a87bd80c:0";
    event["Records"][0]["attributes"]["AWSTraceHeader"] = json!(header);
    start(WORKER, &aws).await.invoke(&event).await.unwrap();
    let call = aws.requests().into_iter().find(|request| request.path.starts_with("/runtimes/")).unwrap();
    assert_eq!(call.header("x-amzn-trace-id"), Some(header));
}

#[tokio::test]
async fn a_prompt_of_months_ago_fails_and_no_agent_is_called() {
    let aws = FakeAgent::start(busy()).await;
    let response = start(WORKER, &aws).await.invoke(&event!("prompts")).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
    let pushed: Vec<_> = sent(&aws).into_iter().filter(|(name, _)| name == PUSH).map(|(_, frame)| frame).collect();
    assert_eq!((pushed.len(), &pushed[0]["type"], &pushed[0]["code"]), (1, &json!("failed"), &json!("busy")));
    assert!(!names(&aws).iter().any(|name| name.contains("/runtimes/")), "{:?}", names(&aws));
}

#[tokio::test]
async fn a_prompt_of_a_session_that_another_worker_has_comes_again_and_those_behind_it_too() {
    let active = json!({"M": {
        "request": {"S": "r-0"}, "lease": {"S": "another"},
        "lease_until": {"N": "4102444800000"}, "started_at": {"N": "4102444800000"},
    }});
    let taken = json!({"active": active, "expires_at": {"N": "4102444800"}});
    let aws = FakeAgent::start(move |request| match operation(request) {
        "UpdateItem" => condition_failed(Some(taken.clone())),
        _ => willing(request),
    })
    .await;
    let mut event = prompts();
    event["Records"][1]["attributes"]["MessageGroupId"] = event["Records"][0]["attributes"]["MessageGroupId"].clone();
    let response = start(WORKER, &aws).await.invoke(&event).await.unwrap();
    let failed =
        event["Records"].as_array().unwrap().iter().map(|record| json!({"itemIdentifier": record["messageId"]}));
    assert_eq!(response, json!({"batchItemFailures": failed.collect::<Vec<_>>()}));
    // Not before the lease can be over; but SQS hides a message for no longer.
    let sent = sent(&aws);
    let hidden = sent.iter().filter(|(name, _)| name == "ChangeMessageVisibility");
    let hidden: Vec<&Value> = hidden.map(|(_, body)| &body["VisibilityTimeout"]).collect();
    assert_eq!(hidden, [60, 11 * 60 * 60]);
    // The message is hidden while the table is asked.
    let asked: Vec<String> = names(&aws).into_iter().filter(|name| name != "ChangeMessageVisibility").collect();
    assert_eq!(asked, ["Query", "UpdateItem"]);
}

#[tokio::test]
async fn messages_that_come_with_null_or_nothing_where_something_may_stand_are_read() {
    let aws = FakeAgent::start(busy()).await;
    let mut function = start(WORKER, &aws).await;
    for member in ["attributes", "messageAttributes", "md5OfBody", "md5OfMessageAttributes", "awsRegion", "body"] {
        let mut event = event!("prompts");
        event["Records"].as_array_mut().unwrap().remove(0);
        event["Records"][0][member] = Value::Null;
        assert_eq!(function.invoke(&event).await, Ok(json!({"batchItemFailures": []})), "{member} is null");
        event["Records"][0].as_object_mut().unwrap().remove(member);
        assert_eq!(function.invoke(&event).await, Ok(json!({"batchItemFailures": []})), "without {member}");
    }
    let mut event = event!("prompts");
    event["Records"].as_array_mut().unwrap().remove(0);
    event["Records"][0]["messageAttributes"] = json!({"from": {"stringValue": "a", "dataType": "String"}});
    event["Records"][0]["anything"] = json!([1]);
    assert_eq!(function.invoke(&event).await, Ok(json!({"batchItemFailures": []})));
    assert_eq!(names(&aws), [""; 0]);
}
