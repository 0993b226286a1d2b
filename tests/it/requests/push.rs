//! `PostToConnection`.

use std::time::Duration;

use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::management::ManagementApi;
use agentcore_gateway::push::{Push, PushError};
use aws_sdk_apigatewaymanagement::config::Builder;
use tokio::time::Instant;

use super::connection;
use crate::support::agent::{FakeAgent, RefusingPort, Script};
use crate::support::aws::config;

fn api_at(url: &str) -> ManagementApi {
    api_under(url, "/default")
}

fn api_under(url: &str, path: &str) -> ManagementApi {
    // Where all of AWS is: the stage's own endpoint comes first.
    let aws = config("http://127.0.0.1:1");
    ManagementApi::new(Builder::from(&aws).endpoint_url(format!("{url}{path}")))
}

async fn api(script: Script) -> (FakeAgent, ManagementApi) {
    let endpoint = FakeAgent::once(script).await;
    let api = api_at(&endpoint.url());
    (endpoint, api)
}

#[tokio::test]
async fn a_message_is_posted_as_it_is_to_the_connection_by_its_encoded_id() {
    let ids = [
        ("L0SM9cOFvHcCIhw=", "/default/@connections/L0SM9cOFvHcCIhw%3D"),
        ("a/b?c#d e+%é", "/default/@connections/a%2Fb%3Fc%23d%20e%2B%25%C3%A9"),
    ];
    for (id, path) in ids {
        let (endpoint, api) = api(Script::status(200, "")).await;
        let text = "{\"events\":[\"Grüße\\n\u{2028}\"]}";
        assert_eq!(api.push(&ConnectionId::parse(id).unwrap(), text).await, Ok(()));
        let sent = endpoint.only_request();
        assert_eq!((sent.method.as_str(), sent.path.replace("%40", "@").as_str()), ("POST", path));
        assert_eq!(sent.body, text);
        let signature = sent.header("authorization").unwrap();
        assert!(signature.contains("/eu-central-1/execute-api/aws4_request"), "{signature}");
    }
}

#[tokio::test]
async fn at_a_custom_domain_a_message_is_posted_below_the_path_that_the_api_has_there() {
    for (path, below) in
        [("", "/@connections/"), ("/chat", "/chat/@connections/"), ("/chat/v1", "/chat/v1/@connections/")]
    {
        let endpoint = FakeAgent::once(Script::status(200, "")).await;
        let api = api_under(&endpoint.url(), path);
        assert_eq!(api.push(&connection(), "{}").await, Ok(()));
        let sent = endpoint.only_request().path.replace("%40", "@");
        assert!(sent.starts_with(below), "{sent}");
    }
}

/// What a push comes to if it is answered with `script`, by one request.
async fn pushed(script: Script) -> PushError {
    let (endpoint, api) = api(script).await;
    let error = api.push(&connection(), "{}").await.unwrap_err();
    endpoint.only_request();
    error
}

#[tokio::test]
async fn each_status_is_an_error_of_its_own_with_or_without_a_name_and_nothing_is_sent_again() {
    let statuses = [
        (410, "GoneException", PushError::Gone),
        (413, "PayloadTooLargeException", PushError::TooLarge),
        (429, "LimitExceededException", PushError::Throttled),
        (429, "ThrottlingException", PushError::Throttled),
    ];
    for (status, name, expected) in statuses {
        let named = Script::status(status, "{\"message\":null}").with_header("x-amzn-errortype", name);
        assert_eq!(pushed(named).await, expected, "{name}");
        assert_eq!(pushed(Script::status(status, "")).await, expected, "{status}");
    }
    for (status, name) in
        [(403, "ForbiddenException"), (500, "InternalServerErrorException"), (503, "ServiceUnavailableException")]
    {
        let error = pushed(Script::status(status, "{}").with_header("x-amzn-errortype", name)).await;
        assert!(matches!(&error, PushError::Unavailable(text) if text.contains(name)), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_refused_is_an_outage() {
    assert!(matches!(pushed(Script::close()).await, PushError::Unavailable(_)));
    let nobody = RefusingPort::bind();
    let error = api_at(&nobody.url()).push(&connection(), "{}").await.unwrap_err();
    assert!(matches!(error, PushError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_push_that_hangs_is_given_up_after_five_seconds() {
    let (endpoint, api) = api(Script::Never).await;
    let began = Instant::now();
    let push = tokio::spawn(async move { api.push(&connection(), "{}").await });
    endpoint.next_request().await;
    // From here on nothing comes over the wire: all that happens is time.
    tokio::time::pause();
    let error = push.await.unwrap().unwrap_err();
    assert!(matches!(&error, PushError::Unavailable(text) if text.contains("timeout")), "{error}");
    let took = began.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&took), "{took:?}");
    endpoint.only_request();
}
