//! `PutEvents` on a real socket: what is sent, and what becomes of each answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, signed_headers};
use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::run_ended::RunEvents;
use agentcore_gateway::run_ended::event_bridge::{EventBridge, EventBus, LIMIT};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{assert_warned, failed, failed_as_json};
use crate::support::agent::{FakeAgent, RefusingPort, Request, Script};
use crate::support::log::Log;

const ARN: &str = "arn:aws:events:us-west-2:123456789012:event-bus/my-bus_1.x";

/// 2026-01-15T12:00:00.900Z
const NOW: Timestamp = Timestamp(1_768_478_400_900);

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("TOKEN".to_owned()), None, "test")
}

fn bridge_with(url: &str, credentials: Option<Credentials>) -> EventBridge {
    let bus = EventBus { service: url.parse().unwrap(), ..ARN.parse().unwrap() };
    EventBridge::new(bus, credentials.map(SharedCredentialsProvider::new), Arc::new(Noon)).unwrap()
}

/// Tells a bus that is at `url`.
async fn tell(url: &str) {
    bridge_with(url, Some(credentials())).ended(&failed()).await;
}

fn taken() -> Script {
    Script::body("application/x-amz-json-1.1", r#"{"Entries":[{"EventId":"e-1"}],"FailedEntryCount":0}"#)
}

fn not_taken(code: &str) -> Script {
    let entry = json!({"ErrorCode": code, "ErrorMessage": "auth0|ada"});
    Script::body("application/x-amz-json-1.1", json!({"Entries": [entry], "FailedEntryCount": 1}).to_string())
}

fn refused(status: u16, code: &str) -> Script {
    let body = json!({"__type": format!("com.amazonaws.events#{code}"), "message": "auth0|ada"});
    Script::status(status, body.to_string())
}

async fn sent() -> (FakeAgent, Request) {
    let aws = FakeAgent::once(taken()).await;
    tell(&aws.url()).await;
    let request = aws.only_request();
    (aws, request)
}

#[tokio::test]
async fn the_bus_gets_the_event() {
    let log = Log::capture();
    let (_, request) = sent().await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/"));
    assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(request.header("x-amz-target"), Some("AWSEvents.PutEvents"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let detail: Value = serde_json::from_str(body["Entries"][0]["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, failed_as_json());
    let expected = json!({"Entries": [{
        "Time": 1_768_478_400, "Source": "agentcore-gateway", "DetailType": "Run ended",
        "Detail": body["Entries"][0]["Detail"], "EventBusName": ARN,
    }]});
    assert_eq!(body, expected);
    assert!(!log.text().contains("WARN"), "{}", log.text());
}

#[tokio::test]
async fn the_signature_is_that_of_what_was_sent() {
    let (aws, request) = sent().await;
    let url = format!("{}/", aws.url());
    let header = |name: &'static str| (name, request.header(name).unwrap());
    let headers = [header("content-type"), header("x-amz-target")];
    let unsigned = Unsigned { method: "POST", url: &url, headers: &headers, body: request.body.as_bytes() };
    let scope = Scope { service: "events", region: "us-west-2" };
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0);
    let signed = signed_headers(unsigned, &credentials(), scope, time).unwrap();
    assert_eq!(signed.len(), 3);
    for (name, value) in signed {
        assert_eq!(request.header(&name), Some(value.as_str()), "{name}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let internal = [not_taken("InternalFailure"), not_taken("ThrottlingException")];
    for script in internal.into_iter().chain([
        Script::close(),
        refused(500, "InternalException"),
        refused(503, ""),
        refused(429, ""),
        refused(400, "ThrottlingException"),
    ]) {
        let log = Log::capture();
        let aws = FakeAgent::sequence([script, taken()]).await;
        tell(&aws.url()).await;
        assert_eq!(aws.requests().len(), 2);
        assert!(!log.text().contains("WARN"), "{}", log.text());
    }
}

#[tokio::test]
async fn what_does_not_pass_is_a_warning_without_the_words_of_the_error() {
    let cases = [
        (not_taken("MalformedDetail"), "not taken: MalformedDetail"),
        (refused(400, "AccessDeniedException"), "refused with status 400: AccessDeniedException"),
        (refused(404, "ResourceNotFoundException"), "refused with status 404: ResourceNotFoundException"),
        (Script::status(302, "").with_header("location", "http://127.0.0.1:1/"), "refused with status 302"),
        (Script::status(200, "auth0|ada"), "the answer is none of EventBridge"),
    ];
    for (script, words) in cases {
        let log = Log::capture();
        let aws = FakeAgent::sequence([script, taken()]).await;
        tell(&aws.url()).await;
        assert_eq!(aws.requests().len(), 1, "{words}");
        assert_warned(&log, words);
    }
}

/// That of tokio's timers.
const GRAIN: Duration = Duration::from_millis(1);

#[tokio::test]
async fn an_ending_waits_two_seconds_at_most() {
    let log = Log::capture();
    let aws = FakeAgent::start(|_| Script::Never).await;
    let url = aws.url();
    let told = tokio::spawn(async move { tell(&url).await });
    aws.next_request().await;
    tokio::time::pause();
    let began = Instant::now();
    told.await.unwrap();
    assert!(began.elapsed() <= LIMIT + GRAIN, "{:?}", began.elapsed());
    assert_warned(&log, "no answer within 2 s");
}

#[tokio::test(start_paused = true)]
async fn a_bus_out_of_reach_is_given_up_after_as_long() {
    let log = Log::capture();
    let port = RefusingPort::bind();
    let began = Instant::now();
    tell(&port.url()).await;
    assert!(began.elapsed() <= LIMIT + GRAIN, "{:?}", began.elapsed());
    assert_warned(&log, "the event bus was not told that a run has ended");
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let log = Log::capture();
    let aws = FakeAgent::start(|_| taken()).await;
    bridge_with(&aws.url(), None).ended(&failed()).await;
    assert_eq!(aws.requests(), []);
    assert_warned(&log, "no provider is configured");
}

#[test]
fn the_region_and_the_place_of_the_service_follow_from_the_arn() {
    let service = |arn: &str| arn.parse::<EventBus>().map(|bus| (bus.region, bus.service.to_string()));
    let expected = |region: &str, url: &str| Ok((region.to_owned(), url.to_owned()));
    assert_eq!(service(ARN), expected("us-west-2", "https://events.us-west-2.amazonaws.com/"));
    let china = "arn:aws-cn:events:cn-north-1:123456789012:event-bus/default";
    assert_eq!(service(china), expected("cn-north-1", "https://events.cn-north-1.amazonaws.com.cn/"));
    let government = "arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/default";
    assert_eq!(service(government), expected("us-gov-west-1", "https://events.us-gov-west-1.amazonaws.com/"));
}

#[test]
fn what_is_no_arn_of_a_bus_is_refused() {
    let longest = format!("arn:aws:events:us-west-2:123456789012:event-bus/{}", "a".repeat(256));
    assert!(longest.parse::<EventBus>().is_ok());
    for arn in [
        "my-bus",
        "arn:aws:events:us-west-2:123456789012:event-bus/",
        "arn:aws:events:us-west-2:123456789012:rule/my-bus",
        "arn:aws:events:us-west-2:123456789012:event-bus/aws.partner/a",
        "arn:aws:events:us-west-2:123456789012:event-bus/a b",
        "arn:aws:events:us-west-2:123456789012:event-bus/a:b",
        "arn:aws:events:us-west-2:1234:event-bus/my-bus",
        "arn:aws:events::123456789012:event-bus/my-bus",
        "arn:aws:events:evil.example/:123456789012:event-bus/my-bus",
        "arn:aws:sns:us-west-2:123456789012:event-bus/my-bus",
        "arn:gcp:events:us-west-2:123456789012:event-bus/my-bus",
        "xrn:aws:events:us-west-2:123456789012:event-bus/my-bus",
        &format!("{longest}a"),
    ] {
        assert!(arn.parse::<EventBus>().is_err(), "{arn}");
    }
}
