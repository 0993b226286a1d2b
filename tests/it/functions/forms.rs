//! The forms that one and the same event comes in. No form is a reason to fail: a client sees "Internal server error",
//! and anybody who found one could raise the alarm of the function.

use serde_json::{Value, json};

use super::{CONNECTIONS, MESSAGE, answer_of, event, start, willing};
use crate::support::agent::FakeAgent;
use crate::support::lambda::Function;

/// Members that API Gateway leaves out of some events and gives as null in others, and those that nothing here reads.
const OPTIONAL: [&str; 11] = [
    "/multiValueHeaders",
    "/queryStringParameters",
    "/multiValueQueryStringParameters",
    "/stageVariables",
    "/isBase64Encoded",
    "/requestContext/messageId",
    "/requestContext/identity",
    "/requestContext/connectedAt",
    "/requestContext/requestTimeEpoch",
    "/requestContext/extendedRequestId",
    "/requestContext/domainName",
];

/// `event` once without each optional member, once with it as null, and with members that nobody has heard of.
fn forms(event: &Value) -> Vec<(String, Value)> {
    let mut forms = Vec::new();
    for pointer in OPTIONAL {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let mut without = event.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
        let mut null = event.clone();
        null.pointer_mut(parent).unwrap()[member] = Value::Null;
        forms.extend([(format!("without {pointer}"), without), (format!("null in {pointer}"), null)]);
    }
    let mut form = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut event = event.clone();
        change(&mut event);
        forms.push((name.to_owned(), event));
    };
    form("unknown members", &|event| {
        event["version"] = json!("3.0");
        event["requestContext"]["domainPrefix"] = json!({"a": [1]});
        event["requestContext"]["identity"]["vpcId"] = json!("vpc-1");
    });
    form("numbers where there were texts", &|event| {
        event["requestContext"]["integrationLatency"] = json!(12);
        event["requestContext"]["status"] = json!(200);
    });
    form("a context of an authorizer with values of all kinds", &|event| {
        event["requestContext"]["authorizer"]["admin"] = json!(true);
        event["requestContext"]["authorizer"]["claims"] = json!({"a": null});
    });
    forms
}

#[tokio::test]
async fn a_connection_comes_in_whatever_form_its_event_has() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CONNECTIONS, &aws).await;
    let event = event!("connect_bearer");
    let mut forms = forms(&event);
    for (name, value) in [
        ("User-Agent", "José’s browser"),
        ("X-Empty", ""),
        ("x_under.score", "tab\tin it"),
        ("Origin", "https://APP.example.com"),
    ] {
        let mut form = event.clone();
        form["headers"][name] = json!(value);
        form["multiValueHeaders"][name] = json!([value]);
        forms.push((format!("the header {name}: {value}"), form));
    }
    let mut form = event.clone();
    form["headers"] = Value::Null;
    forms.push(("null in /headers".to_owned(), form));
    for (name, event) in forms {
        let response = function.invoke(&event).await;
        assert_eq!(response.as_ref().map(|response| &response["statusCode"]), Ok(&json!(200)), "{name}");
    }
}

#[tokio::test]
async fn a_message_is_accepted_whatever_form_its_event_has() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(MESSAGE, &aws).await;
    for (name, event) in forms(&event!("message")) {
        let response = function.invoke(&event).await;
        assert!(response.is_ok(), "{name}: {response:?}");
        assert_eq!(answer_of(&response.unwrap())["type"], "accepted", "{name}");
    }
}

#[tokio::test]
async fn a_connection_closes_whatever_form_its_event_has() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start(CONNECTIONS, &aws).await;
    let event = event!("disconnect");
    let mut forms = forms(&event);
    for (name, code, reason) in [
        ("no code", json!(null), json!(null)),
        ("-1", json!(-1), json!("")),
        ("a code", json!(1006), json!("Gone — é")),
    ] {
        let mut form = event.clone();
        form["requestContext"]["disconnectStatusCode"] = code;
        form["requestContext"]["disconnectReason"] = reason;
        forms.push((name.to_owned(), form));
    }
    for (name, event) in forms {
        let response = function.invoke(&event).await;
        assert_eq!(response.as_ref().map(|response| &response["statusCode"]), Ok(&json!(200)), "{name}");
    }
}

#[tokio::test]
async fn the_authorizer_answers_whatever_form_its_event_has() {
    let variables = [("JWT_ISSUER", "https://issuer.example.com"), ("JWT_AUDIENCES", "gateway")];
    let mut function = Function::start(env!("CARGO_BIN_EXE_authorizer"), &variables).await;
    let event: Value = serde_json::from_str(include_str!("../../fixtures/authorizer_event.json")).unwrap();
    let mut forms = forms(&event);
    let mut form = event.clone();
    form["headers"]["User-Agent"] = json!("José’s browser");
    forms.push(("a header that is not ASCII".to_owned(), form));
    for (name, event) in forms {
        let response = function.invoke(&event).await;
        assert_eq!(response.as_ref().map(|response| &response["principalId"]), Ok(&json!("nobody")), "{name}");
    }
}
