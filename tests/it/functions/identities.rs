//! Whose a connection is, as the functions are told that it is known.

use serde_json::{Value, json};

use super::{CONNECTIONS, MESSAGE, answer_of, event, names, sent, start, start_as, willing};
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::{answer, operation};

const ADA: &str = "eu-central-1:11111111-2222-3333-4444-555555555555/eu-central-1:aaaaaaaa-0000-4000-8000-00000000ada0";

/// An AWS whose table has a record of the connection of the events, as one of `principal`.
fn knowing(principal: &str) -> impl FnMut(&Request) -> Script + Send + 'static {
    let item = json!({"principal": {"S": principal}, "expires_at": {"N": "4102444800"}});
    move |request| match (operation(request), request.body.contains("CONNECTION#")) {
        ("GetItem", true) => answer(&json!({"Item": item})),
        _ => willing(request),
    }
}

/// `event` as it comes where no authorizer stands before the API.
fn without_authorizer(mut event: Value) -> Value {
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    event
}

#[tokio::test]
async fn with_iam_a_connection_is_recorded_as_its_callers_whoever_that_is() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start_as("iam", CONNECTIONS, &aws).await;
    let callers = event!("identities");
    for (name, caller) in callers.as_object().unwrap() {
        let mut event = event!("connect_iam");
        event["requestContext"]["identity"] = caller["identity"].clone();
        assert_eq!(function.invoke(&event).await.unwrap()["statusCode"], 200, "{name}");
        let (operation, record) = sent(&aws).pop().unwrap();
        assert_eq!((&*operation, &record["Key"]["pk"]["S"]), ("UpdateItem", &json!("CONNECTION#L0SM9cOFvHcCIhw=")));
        assert_eq!(record["ExpressionAttributeValues"][":principal"]["S"], caller["principal"], "{name}");
    }
}

#[tokio::test]
async fn with_iam_a_prompt_is_that_of_whom_connect_saw() {
    let aws = FakeAgent::start(knowing(ADA)).await;
    let mut event = without_authorizer(event!("message"));
    event["requestContext"]["identity"]["userArn"] = json!("arn:aws:iam::123456789012:user/eve");
    let response = start_as("iam", MESSAGE, &aws).await.invoke(&event).await.unwrap();
    assert_eq!(answer_of(&response)["type"], "accepted");
    let [(first, read), (second, send)] = &sent(&aws)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!((&**first, &**second), ("GetItem", "SendMessage"));
    let key = json!({"pk": {"S": "CONNECTION#L0SM9cOFvHcCIhw="}, "sk": {"S": "-"}});
    assert_eq!(*read, json!({"TableName": "gateway", "Key": key, "ConsistentRead": true}));
    let prompt: Value = serde_json::from_str(send["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(prompt["principal"], ADA);
}

#[tokio::test]
async fn with_iam_a_resume_and_a_stop_are_those_of_whom_connect_saw() {
    let aws = FakeAgent::start(knowing("auth0|ada")).await;
    let mut function = start_as("iam", CONNECTIONS, &aws).await;
    for name in ["resume", "stop"] {
        let event = if name == "resume" { event!("resume") } else { event!("stop") };
        let before = sent(&aws).len();
        function.invoke(&without_authorizer(event)).await.unwrap();
        let session = format!("SESSION#{}#travel #1", super::ADA);
        let sent = sent(&aws).split_off(before);
        assert_eq!(sent[0].0, "GetItem", "{name}");
        assert!(sent.iter().any(|(_, request)| request["Key"]["pk"]["S"] == *session), "{name}: {sent:?}");
    }
}

#[tokio::test]
async fn with_iam_a_message_of_an_unknown_connection_is_refused_and_logged_without_its_text() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start_as("iam", MESSAGE, &aws).await;
    let answer = answer_of(&function.invoke(&without_authorizer(event!("message"))).await.unwrap());
    assert_eq!((&answer["code"], &answer["requestId"]), (&json!("unavailable"), &json!("r-1")));
    assert_eq!(names(&aws), ["GetItem"]);
    let log = function.stop();
    assert!(log.contains("WARN") && log.contains("has no record of its principal") && !log.contains("Grüße"), "{log}");
}

#[tokio::test]
async fn an_event_without_a_principal_is_refused_but_without_authentication() {
    for (auth, status, kind) in [("jwt", 403, "rejected"), ("iam", 403, "rejected"), ("none", 200, "accepted")] {
        let aws = FakeAgent::start(willing).await;
        let opened = start_as(auth, CONNECTIONS, &aws).await.invoke(&event!("connect_open")).await.unwrap();
        assert_eq!(opened["statusCode"], status, "{auth}");
        assert_eq!(sent(&aws).len(), usize::from(status == 200), "{auth}");
        let event = without_authorizer(event!("message"));
        let response = start_as(auth, MESSAGE, &aws).await.invoke(&event).await.unwrap();
        assert_eq!(answer_of(&response)["type"], kind, "{auth}");
        assert_eq!(names(&aws).contains(&"SendMessage".to_owned()), kind == "accepted", "{auth}");
    }
}

#[tokio::test]
async fn with_tokens_who_signed_an_event_is_nobody() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CONNECTIONS, &aws).await;
    assert_eq!(function.invoke(&event!("connect_iam")).await.unwrap()["statusCode"], 403);
    for name in ["resume", "stop"] {
        let event = if name == "resume" { event!("resume") } else { event!("stop") };
        let answer = answer_of(&function.invoke(&without_authorizer(event)).await.unwrap());
        assert_eq!((&answer["type"], &answer["code"]), (&json!("rejected"), &json!("unavailable")), "{name}");
    }
    assert_eq!(names(&aws), [""; 0]);
}
