//! `$connect`, `$disconnect`, `resume` and `stop`.

use serde_json::{Value, json};

use super::{ADA, CONNECTIONS, PUSH, answer_of, event, names, sent, start, start_as, willing};
use crate::support::agent::{FakeAgent, Script};
use crate::support::aws::{answer, failure, operation};

/// The principal and the sessions that the update of a connection's record names.
fn recorded(update: &Value) -> (&Value, &Value) {
    assert_eq!(update["Key"]["pk"]["S"], "CONNECTION#L0SM9cOFvHcCIhw=");
    let values = &update["ExpressionAttributeValues"];
    (&values[":principal"]["S"], &values[":sessions"]["SS"])
}

#[tokio::test]
async fn without_an_authorizer_everybody_is_anonymous_and_a_connection_is_only_recorded() {
    let aws = FakeAgent::start(willing).await;
    let response = start_as("none", CONNECTIONS, &aws).await.invoke(&event!("connect_open")).await.unwrap();
    assert_eq!((&response["statusCode"], &response["headers"]), (&json!(200), &json!({})));
    let [(operation, update)] = &sent(&aws)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!(operation, "UpdateItem");
    assert_eq!(recorded(update), (&json!("anonymous"), &Value::Null));
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_and_nothing_is_written() {
    let aws = FakeAgent::start(willing).await;
    let mut event = event!("connect_open");
    event["headers"]["Origin"] = json!("https://evil.example.com");
    let response = start(CONNECTIONS, &aws).await.invoke(&event).await.unwrap();
    assert_eq!(response["statusCode"], 403);
    assert_eq!(names(&aws), [""; 0]);
    let reason = response["body"].as_str().unwrap();
    assert!(reason.ends_with("add \"https://evil.example.com\" to allowed_origins"), "{reason}");
}

#[tokio::test]
async fn with_a_token_the_connection_is_its_owners_and_the_subprotocol_is_bearer_alone() {
    let aws = FakeAgent::start(willing).await;
    let response = start(CONNECTIONS, &aws).await.invoke(&event!("connect_bearer")).await.unwrap();
    assert_eq!(response["statusCode"], 200);
    assert_eq!(response["headers"], json!({"sec-websocket-protocol": "bearer"}));
    let [(_, record), (_, attach)] = &sent(&aws)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!(recorded(record), (&json!("auth0|ada"), &json!(["travel #1"])));
    assert_eq!(attach["Key"]["pk"]["S"], format!("SESSION#{ADA}#travel #1"));
    assert_eq!(attach["ExpressionAttributeNames"]["#attached"], "attached#L0SM9cOFvHcCIhw=");
    assert_eq!(attach["ExpressionAttributeValues"][":cursor"]["S"], "\"connecting\"");
}

#[tokio::test]
async fn the_word_bearer_is_answered_as_it_came_and_another_list_refused_with_a_sentence() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CONNECTIONS, &aws).await;
    for word in ["Bearer", "BEARER", "bearer"] {
        let mut event = event!("connect_bearer");
        event["headers"]["Sec-WebSocket-Protocol"] = json!(format!("{word}, secret"));
        assert_eq!(function.invoke(&event).await.unwrap()["headers"], json!({"sec-websocket-protocol": word}));
    }
    let mut lines = event!("connect_bearer");
    lines["headers"]["Sec-WebSocket-Protocol"] = json!("secret");
    lines["multiValueHeaders"]["Sec-WebSocket-Protocol"] = json!(["Bearer", "secret"]);
    let answer = function.invoke(&lines).await.unwrap();
    assert_eq!(
        answer["headers"],
        json!({"sec-websocket-protocol": "Bearer"}),
        "of several lines `headers` has the last"
    );
    for list in ["chat", "bearer", "secret, bearer"] {
        let mut event = event!("connect_bearer");
        event["headers"]["Sec-WebSocket-Protocol"] = json!(list);
        let answer = function.invoke(&event).await.unwrap();
        let reason = answer["body"].as_str().unwrap();
        assert_eq!(answer["statusCode"], 400);
        assert!(reason.contains("must be \"bearer\" and a token") && !reason.contains("secret"), "{reason}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_is_forgotten_and_detached_from_its_sessions() {
    let aws = FakeAgent::start(|request| match operation(request) {
        "DeleteItem" => answer(&json!({"Attributes": {
            "principal": {"S": "auth0|ada"}, "sessions": {"SS": ["travel #1"]}, "expires_at": {"N": "4102444800"},
        }})),
        _ => willing(request),
    })
    .await;
    let response = start(CONNECTIONS, &aws).await.invoke(&event!("disconnect")).await.unwrap();
    assert_eq!(response["statusCode"], 200);
    let [(first, forget), (second, detach)] = &sent(&aws)[..] else { panic!("{:?}", names(&aws)) };
    assert_eq!((first.as_str(), second.as_str()), ("DeleteItem", "UpdateItem"));
    assert_eq!(forget["Key"]["pk"]["S"], "CONNECTION#L0SM9cOFvHcCIhw=");
    assert_eq!(detach["Key"]["pk"]["S"], format!("SESSION#{ADA}#travel #1"));
    assert_eq!(detach["ExpressionAttributeValues"][":connections"]["SS"], json!(["L0SM9cOFvHcCIhw="]));
}

#[tokio::test]
async fn a_resume_attaches_and_pushes_what_there_is() {
    let aws = FakeAgent::start(willing).await;
    let response = start(CONNECTIONS, &aws).await.invoke(&event!("resume")).await.unwrap();
    assert_eq!((&response["statusCode"], response.get("body").unwrap_or(&Value::Null)), (&json!(200), &Value::Null));
    assert_eq!(names(&aws), ["UpdateItem", "GetItem", "UpdateItem", PUSH]);
    let [(_, record), _, _, (_, pushed)] = &sent(&aws)[..] else { unreachable!() };
    let expected = json!({
        "type": "resumed", "requestId": null, "sessionId": "travel #1", "after": 0, "state": "idle",
    });
    assert_eq!(*pushed, expected);
    assert_eq!(recorded(record), (&json!("auth0|ada"), &json!(["travel #1"])));
}

#[tokio::test]
async fn a_stop_is_recorded_and_answered() {
    let active = json!({"M": {
        "request": {"S": "r-1"}, "lease": {"S": "another"},
        "lease_until": {"N": "4102444800000"}, "started_at": {"N": "1790000000000"},
    }});
    let item = json!({"active": active, "expires_at": {"N": "4102444800"}});
    let aws = FakeAgent::start(move |request| match operation(request) {
        "GetItem" => answer(&json!({"Item": item})),
        "UpdateItem" => answer(&json!({"Attributes": item})),
        _ => willing(request),
    })
    .await;
    let response = start(CONNECTIONS, &aws).await.invoke(&event!("stop")).await.unwrap();
    let expected = json!({"type": "stopping", "requestId": "r-1", "sessionId": "travel #1"});
    assert_eq!(answer_of(&response), expected);
    assert_eq!(names(&aws), ["GetItem", "UpdateItem"]);
    assert_eq!(sent(&aws)[1].1["ExpressionAttributeNames"]["#stop"], "stop#r-1");
}

#[tokio::test]
async fn a_table_that_refuses_is_an_answer_and_no_failure_of_the_function() {
    let aws = FakeAgent::start(|_| failure(400, "AccessDeniedException")).await;
    let mut function = start(CONNECTIONS, &aws).await;
    assert_eq!(function.invoke(&event!("connect_bearer")).await.unwrap()["statusCode"], 503);
    assert_eq!(function.invoke(&event!("disconnect")).await.unwrap()["statusCode"], 200);
    let answer = answer_of(&function.invoke(&event!("stop")).await.unwrap());
    assert_eq!((&answer["type"], &answer["code"]), (&json!("rejected"), &json!("unavailable")));
    assert!(!answer.to_string().contains("AccessDenied"), "{answer}");
    let log = function.stop();
    assert!(log.contains("AccessDeniedException"), "{log}");
}

#[tokio::test]
async fn the_log_never_shows_a_token() {
    let aws = FakeAgent::start(|_| Script::close()).await;
    let mut function = start(CONNECTIONS, &aws).await;
    assert_eq!(function.invoke(&event!("connect_bearer")).await.unwrap()["statusCode"], 503);
    let mut refused = event!("connect_bearer");
    refused["headers"]["Origin"] = json!("https://evil.example.com");
    assert_eq!(function.invoke(&refused).await.unwrap()["statusCode"], 403);
    let log = function.stop();
    assert!(!log.contains("eyJ") && log.contains("evil.example.com"), "{log}");
    let is_warning = |line: &str| line.contains("\"WARN\"") && line.contains("allowed_origins");
    assert!(log.lines().any(is_warning), "{log}");
}
