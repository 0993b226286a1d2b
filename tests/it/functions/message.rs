//! `$default`.

use serde_json::{Value, json};

use super::{GROUP, MESSAGE, QUEUE, answer_of, event, names, sent, start, willing};
use crate::support::agent::FakeAgent;
use crate::support::aws::failure;
use crate::support::lambda::TRACE;

#[tokio::test]
async fn a_prompt_is_queued_in_the_group_of_its_session_with_its_trace_and_accepted() {
    let aws = FakeAgent::start(willing).await;
    let response = start(MESSAGE, &aws).await.invoke(&event!("message")).await.unwrap();
    let expected = json!({"type": "accepted", "requestId": "r-1", "sessionId": "travel #1"});
    assert_eq!(answer_of(&response), expected);
    let [(operation, send)] = &sent(&aws)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!(operation, "SendMessage");
    assert_eq!((&send["QueueUrl"], &send["MessageGroupId"]), (&json!(QUEUE), &json!(GROUP)));
    // `printf 'auth0|ada\0travel #1\0r-1' | sha256sum`
    assert_eq!(send["MessageDeduplicationId"], "3924974577237f02bb48c7997f2fbb7d9cd9aca0fbfcd8003858a8e599f39a9c");
    // By it the worker's invocation belongs to this one's trace.
    let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}});
    assert_eq!(send["MessageSystemAttributes"], trace);
    let mut prompt: Value = serde_json::from_str(send["MessageBody"].as_str().unwrap()).unwrap();
    assert!(prompt["receivedAt"].take().as_u64().unwrap() > 1_790_000_000_000);
    let expected = json!({
        "type": "prompt", "version": 1, "principal": "auth0|ada", "sessionId": "travel #1", "requestId": "r-1",
        "connectionId": "L0SM9cOFvHcCIhw=", "agent": "default", "receivedAt": null, "trace": {"xray": TRACE},
        "prompt": "Grüße aus Köln",
    });
    assert_eq!(prompt, expected);
}

#[tokio::test]
async fn what_is_no_message_is_rejected_and_nothing_is_queued() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(MESSAGE, &aws).await;
    for body in [json!("hello"), json!(""), json!(null), json!("{}"), json!("{\"prompt\":\"a\",\"agent\":\"nobody\"}")]
    {
        let mut event = event!("message");
        event["body"] = body.clone();
        assert_eq!(answer_of(&function.invoke(&event).await.unwrap())["type"], "rejected", "{body}");
    }
    let mut event = event!("message");
    // A binary message: `{"prompt":"a"}`.
    event["body"] = json!("eyJwcm9tcHQiOiJhIn0=");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(answer_of(&function.invoke(&event).await.unwrap())["code"], "invalid_json");
    let mut event = event!("message");
    event["body"] = json!("{\"action\":\"ping\"}");
    assert_eq!(answer_of(&function.invoke(&event).await.unwrap()), json!({"type": "pong"}));
    assert_eq!(names(&aws), [""; 0]);
}

#[tokio::test]
async fn a_queue_that_refuses_is_an_answer_and_no_failure_of_the_function() {
    let aws = FakeAgent::start(|_| failure(400, "AWS.SimpleQueueService.NonExistentQueue")).await;
    let mut function = start(MESSAGE, &aws).await;
    let answer = answer_of(&function.invoke(&event!("message")).await.unwrap());
    assert_eq!(
        (&answer["type"], &answer["code"], &answer["requestId"]),
        (&json!("rejected"), &json!("unavailable"), &json!("r-1"))
    );
    let log = function.stop();
    assert!(log.contains("a prompt was not queued") && !log.contains("Grüße") && !log.contains("travel"), "{log}");
}
