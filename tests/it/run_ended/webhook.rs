//! The POST to a URL, on a real socket.

use std::time::Duration;

use agentcore_gateway::run_ended::RunEvents;
use agentcore_gateway::run_ended::webhook::{MOST_PENDING, PATIENCE};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{assert_warned, failed, failed_as_json, webhook};
use crate::support::agent::{FakeAgent, RefusingPort, Script};
use crate::support::log::Log;
use crate::support::socket::{Client, gateway};

#[tokio::test]
async fn the_receiver_gets_the_event_as_json() {
    let receiver = FakeAgent::once(Script::status(204, "")).await;
    let webhook = webhook(&format!("{}/told?key=k", receiver.url()));
    webhook.ended(&failed()).await;
    webhook.finish(PATIENCE).await;
    let request = receiver.only_request();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/told?key=k"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), failed_as_json());
}

#[tokio::test]
async fn a_receiver_that_is_not_well_gets_it_again() {
    let log = Log::capture();
    let scripts = [Script::close(), Script::status(503, ""), Script::status(429, ""), Script::status(200, "")];
    let receiver = FakeAgent::sequence(scripts).await;
    let webhook = webhook(&receiver.url());
    webhook.ended(&failed()).await;
    for _ in 0..4 {
        receiver.next_request().await;
    }
    webhook.finish(PATIENCE).await;
    assert_eq!(receiver.requests().len(), 4);
    assert!(!log.text().contains("WARN"), "{}", log.text());
}

#[tokio::test]
async fn a_receiver_that_refuses_or_sends_elsewhere_is_not_asked_again() {
    let elsewhere = FakeAgent::start(|_| Script::status(200, "")).await;
    for status in [301, 307, 400, 401, 404, 410] {
        let log = Log::capture();
        let script = Script::status(status, "hunter2").with_header("location", &elsewhere.url());
        let receiver = FakeAgent::sequence([script, Script::status(200, "")]).await;
        let webhook = webhook(&format!("{}/hunter2", receiver.url()));
        webhook.ended(&failed()).await;
        webhook.finish(PATIENCE).await;
        assert_eq!(receiver.requests().len(), 1, "{status}");
        assert_warned(&log, &format!("answered with status {status}"));
        assert!(!log.text().contains("hunter2"), "{}", log.text());
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_away_is_given_up_after_a_minute() {
    let log = Log::capture();
    let port = RefusingPort::bind();
    let webhook = webhook(&port.url());
    let began = Instant::now();
    webhook.ended(&failed()).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "an ending waits for nobody");
    webhook.finish(2 * PATIENCE).await;
    let took = began.elapsed();
    assert!((Duration::from_secs(45)..=PATIENCE + Duration::from_secs(10)).contains(&took), "{took:?}");
    assert_warned(&log, "nobody was told that a run has ended");
}

#[tokio::test]
async fn what_is_too_much_at_once_is_dropped() {
    let log = Log::capture();
    let receiver = FakeAgent::start(|_| Script::status(200, "")).await;
    let webhook = webhook(&receiver.url());
    // Nothing is sent before this task waits.
    for _ in 0..=MOST_PENDING {
        webhook.ended(&failed()).await;
    }
    assert_warned(&log, "too much is under way");
    webhook.finish(PATIENCE).await;
    assert_eq!(receiver.requests().len(), MOST_PENDING);
    webhook.ended(&failed()).await;
    webhook.finish(PATIENCE).await;
    assert_eq!(receiver.requests().len(), MOST_PENDING + 1, "there is room again");
}

#[tokio::test]
async fn who_stops_waits_no_longer_than_it_says() {
    let log = Log::capture();
    let receiver = FakeAgent::start(|_| Script::Never).await;
    let webhook = webhook(&receiver.url());
    webhook.ended(&failed()).await;
    receiver.next_request().await;
    tokio::time::pause();
    let began = Instant::now();
    webhook.finish(Duration::from_secs(3)).await;
    assert_eq!(began.elapsed().as_secs(), 3);
    let text = log.text();
    assert!(text.contains("stopped before all were told of runs that have ended dropped=1"), "{text}");
}

#[tokio::test]
async fn a_run_of_the_gateway_is_told_when_it_has_ended() {
    let receiver = FakeAgent::start(|_| Script::status(200, "")).await;
    let on_run_ended = Some(receiver.url().parse().unwrap());
    let gateway = gateway(None, |config| config.on_run_ended = on_run_ended).await;
    let mut client = Client::connect(&gateway).await;
    let frames = client.ask("Say hello.", "r1").await;
    assert_eq!(frames.last().unwrap()["type"], "completed");
    let told: Value = serde_json::from_str(&receiver.next_request().await.body).unwrap();
    assert_eq!(told["sessionId"], frames[0]["sessionId"]);
    assert!(told["durationMs"].as_u64().is_some());
    let rest = json!({
        "principal": "anonymous", "sessionId": told["sessionId"], "requestId": "r1", "agent": "default",
        "outcome": "completed", "durationMs": told["durationMs"], "connections": 1,
    });
    assert_eq!(told, rest);
    gateway.shut_down(Duration::from_secs(1)).await;
    assert_eq!(receiver.requests().len(), 1, "told once");
}
