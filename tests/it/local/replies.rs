//! Whole replies through the local gateway, from agents good and bad.

use std::time::Duration;

use agentcore_gateway::protocol::ids::RequestId;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::agent::{FakeAgent, Script};
use crate::support::engine::events_of;
use crate::support::gzip;
use crate::support::socket::{Client, gateway};

#[tokio::test]
async fn the_demo_agent_streams_an_answer_to_what_was_asked() {
    let gateway = gateway(None, |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    let frames = client.ask("count to 12", "r").await;
    let text: String = events_of(&frames).iter().map(|event| event.as_str().unwrap().to_owned()).collect();
    assert_eq!(text, "1 2 3 4 5 6 7 8 9 10 11 12 ");
    assert!(frames.len() > 4, "it comes in pieces");
    let asked = std::time::Instant::now();
    client.ask("wait for 1 seconds", "w").await;
    assert!(asked.elapsed() >= Duration::from_secs(1), "it is silent if it is asked to be");
    let failed = client.ask("fail", "f").await.pop().unwrap();
    assert_eq!(
        (&failed["code"], &failed["message"]),
        (&json!("agent_error"), &json!("the demo agent was asked to fail"))
    );
}

#[tokio::test]
async fn agents_that_do_not_stream_or_answer_something_else_are_passed_on() {
    for (content_type, body, event) in [
        ("application/json", r#"{"result": 1.50}"#, json!({"result": 1.5})),
        ("application/json", "not json", json!("not json")),
        ("text/html", "<h1>hi</h1>", json!("<h1>hi</h1>")),
    ] {
        let agent = FakeAgent::start(move |_| Script::body(content_type, body)).await;
        let gateway = gateway(Some(&agent.url()), |_| {}).await;
        let frames = Client::connect(&gateway).await.ask("hi", "r").await;
        assert_eq!(events_of(&frames), [event]);
        assert_eq!(frames.last().unwrap()["type"], "completed");
    }
    let agent = FakeAgent::start(|_| Script::json("")).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let frames = Client::connect(&gateway).await.ask("hi", "r").await;
    assert_eq!(frames.len(), 2, "an empty body is no event");
}

#[tokio::test]
async fn a_stream_that_is_encoded_and_has_names_comes_as_if_it_were_not() {
    let body = gzip("event: updates\ndata: {\"n\": 1}\n\ndata: 2\n\nevent: error\ndata: no tool\n\n");
    let agent = FakeAgent::start(move |_| {
        Script::body("text/event-stream", body.clone()).with_header("content-encoding", "gzip")
    })
    .await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let frames = Client::connect(&gateway).await.ask("hi", "r").await;
    assert_eq!(events_of(&frames), [json!({"n": 1}), json!(2), json!("no tool")]);
    assert_eq!(frames[1]["names"], json!({"0": "updates", "2": "error"}));
    let ending = frames.last().unwrap();
    assert_eq!((&ending["code"], &ending["message"]), (&json!("agent_error"), &json!("no tool")));
    assert_eq!(ending["retryable"], true);
}

#[tokio::test]
async fn an_answer_of_another_success_is_an_answer_and_the_agent_is_called_once() {
    for (status, body, events) in [(201, "{\"a\":1}", vec![json!({"a": 1})]), (202, "", vec![]), (204, "", vec![])] {
        let agent = FakeAgent::start(move |_| match status {
            204 => Script::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            _ => Script::status(status, body).with_header("content-type", "application/json"),
        })
        .await;
        let gateway = gateway(Some(&agent.url()), |_| {}).await;
        let frames = Client::connect(&gateway).await.ask("hi", "r").await;
        assert_eq!((events_of(&frames), &frames.last().unwrap()["type"]), (events, &json!("completed")));
        assert_eq!(agent.requests().len(), 1);
    }
}

#[tokio::test]
async fn lines_and_text_reach_the_client_before_the_agent_has_ended() {
    for (content_type, piece, event) in
        [("application/x-ndjson", "{\"a\":1}\n", json!({"a": 1})), ("text/plain", "é\n", json!("é\n"))]
    {
        let (steps, script) = Script::stream_of(content_type);
        let agent = FakeAgent::sequence([script]).await;
        let gateway = gateway(Some(&agent.url()), |_| {}).await;
        let mut client = Client::connect(&gateway).await;
        client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
        for _ in 0..3 {
            steps.send(piece);
            let output = loop {
                let frame = client.next().await.unwrap();
                if frame["type"] == "output" {
                    break frame;
                }
            };
            assert_eq!(output["events"], json!([event]), "{content_type}");
        }
        steps.end();
        assert_eq!(client.run("r").await.pop().unwrap()["type"], "completed");
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_fails_for_good() {
    let cases = [
        ("application/json", "br", b"{}".to_vec(), "agent_error", "\"br\""),
        ("application/json", "gzip", b"{}".to_vec(), "agent_error", "gzip"),
        ("text/event-stream", "", b"{\"error\":\"x\"}".to_vec(), "agent_error", "event stream"),
        ("application/json", "gzip", gzip(" ".repeat(11 << 20)), "output_too_large", "10485760"),
    ];
    for (content_type, encoding, body, code, words) in cases {
        let agent = FakeAgent::start(move |_| {
            Script::body(content_type, body.clone()).with_header("content-encoding", encoding)
        })
        .await;
        let gateway = gateway(Some(&agent.url()), |_| {}).await;
        let frames = Client::connect(&gateway).await.ask("hi", "r").await;
        let ending = frames.last().unwrap();
        assert_eq!((&ending["code"], &ending["retryable"]), (&json!(code), &json!(false)));
        assert!(ending["message"].as_str().unwrap().contains(words), "{ending}");
        assert_eq!((frames.len(), agent.requests().len()), (2, 1));
    }
}

#[tokio::test]
async fn an_agent_that_dies_in_mid_reply_or_never_answers_ends_the_run() {
    let agent = FakeAgent::start(|_| Script::broken_body("text/event-stream", "data: 1\n\ndata: 2")).await;
    let broken = gateway(Some(&agent.url()), |_| {}).await;
    let frames = Client::connect(&broken).await.ask("hi", "r").await;
    assert_eq!((events_of(&frames), &frames.last().unwrap()["code"]), (vec![json!(1)], &json!("agent_error")));

    let agent = FakeAgent::start(|_| Script::Never).await;
    let silent = gateway(Some(&agent.url()), |config| config.worker.silence_limit = Duration::from_millis(100)).await;
    let frames = Client::connect(&silent).await.ask("hi", "r").await;
    assert_eq!(frames.last().unwrap()["code"], "agent_timeout");

    let agent = FakeAgent::start(|_| Script::close()).await;
    let closing = gateway(Some(&agent.url()), |_| {}).await;
    let frames = Client::connect(&closing).await.ask("hi", "r").await;
    assert_eq!(frames.last().unwrap()["code"], "agent_unavailable");
    assert_eq!(agent.requests().len(), 1, "it may have reached the agent: never again");
}

#[tokio::test]
async fn an_agent_may_be_silent_for_longer_than_there_is_time() {
    let agent = FakeAgent::start(|_| Script::events(&["1"])).await;
    let patient = gateway(Some(&agent.url()), |config| config.worker.silence_limit = Duration::MAX).await;
    let frames = Client::connect(&patient).await.ask("hi", "r").await;
    assert_eq!(frames.last().unwrap()["type"], "completed");
}

#[tokio::test]
async fn an_event_of_a_megabyte_comes_in_parts_of_one_frame_each() {
    let text = "aé\\n\"😀".repeat(100_000);
    let event = json!(text).to_string();
    let data = event.clone();
    let agent = FakeAgent::start(move |_| Script::events(&["1", data.as_str(), "2"])).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let frames = Client::connect(&gateway).await.ask("hi", "r").await;
    let parts: Vec<_> = frames.iter().filter(|frame| frame.get("part").is_some()).collect();
    assert!(
        parts
            .iter()
            .enumerate()
            .all(|(at, frame)| frame["part"] == json!({"index": at, "last": at + 1 == parts.len()}))
    );
    let whole: String = parts.iter().map(|frame| frame["text"].as_str().unwrap()).collect();
    assert!(whole == event, "the parts are the event's JSON text");
    assert_eq!(events_of(&frames), [json!(1), json!(2)]);
}

#[tokio::test]
async fn a_client_that_lost_its_connection_resumes_on_a_new_one() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::sequence([script]).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
    while client.next().await.unwrap()["type"] != "started" {}
    steps.event("1");
    while client.next().await.unwrap()["type"] != "output" {}
    drop(client);
    steps.event("2");
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"action": "resume", "sessionId": "s", "after": 1})).await;
    let resumed = client.next().await.unwrap();
    assert_eq!(
        (&resumed["type"], &resumed["requestId"], &resumed["state"]),
        (&json!("resumed"), &json!("r"), &json!("running"))
    );
    steps.event("3");
    steps.end();
    let frames = client.run("r").await;
    assert_eq!(events_of(&frames), [json!(1), json!(2), json!(3)]);
    assert_eq!(frames[0]["seq"], 2);
}

#[tokio::test]
async fn a_running_reply_is_stopped_from_another_connection() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::sequence([script]).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
    steps.event("1");
    while client.next().await.unwrap()["type"] != "output" {}
    let mut other = Client::connect(&gateway).await;
    let stopping = other.answer_to(r#"{"action":"stop","sessionId":"s"}"#).await;
    assert_eq!(stopping, json!({"type": "stopping", "requestId": "r", "sessionId": "s"}));
    assert_eq!(client.run("r").await.pop().unwrap()["type"], "stopped");
}

/// What an agent that goes on by itself says, as it is sent to `reply`'s queue.
async fn say(reply: &Value, index: u64, more: Value) -> StatusCode {
    let mut message = json!({"type": "reply", "version": 1, "index": index, "events": [index]});
    for member in ["run", "token"] {
        message[member] = reply[member].clone();
    }
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({
        "QueueUrl": reply["queueUrl"], "MessageBody": message.to_string(), "MessageGroupId": reply["group"],
        "MessageDeduplicationId": index.to_string(),
    });
    let request = reqwest::Client::new().post(reply["endpointUrl"].as_str().unwrap());
    let request = request.header("content-type", "application/x-amz-json-1.0");
    request.header("x-amz-target", "AmazonSQS.SendMessage").body(body.to_string()).send().await.unwrap().status()
}

#[tokio::test]
async fn a_shut_down_lets_agents_that_go_on_by_themselves_end_too() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::sequence([script]).await;
    let gateway = gateway(Some(&agent.url()), |config| config.long_runs = true).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
    let call: Value = serde_json::from_str(&agent.next_request().await.body).unwrap();
    let reply = &call["gatewayReply"];
    steps.event("\"beginning\"");
    while client.next().await.unwrap()["type"] != "output" {}
    let stopping = tokio::spawn(gateway.shut_down(Duration::from_secs(20)));
    // The worker's call is under way when the gateway is told to stop, and then the agent goes on by itself.
    steps.event(&json!({"detached": reply["run"]}).to_string());
    for index in 0..3 {
        assert_eq!(say(reply, index, json!({})).await, 200);
    }
    assert_eq!(say(reply, 3, json!({"end": {"outcome": "completed"}})).await, 200);
    let frames = client.run("r").await;
    assert_eq!(events_of(&frames), [json!(0), json!(1), json!(2), json!(3)]);
    assert_eq!(frames.last().unwrap()["type"], "completed");
    let abandoned = stopping.await.unwrap();
    assert_eq!((abandoned.running, abandoned.waiting), (vec![], 0));
}

#[tokio::test]
async fn a_shut_down_lets_runs_end_for_a_moment_and_names_what_it_ends() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::sequence([script]).await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    let mut client = Client::connect(&gateway).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})).await;
    client.send(&json!({"prompt": "hi", "sessionId": "s", "requestId": "waiting"})).await;
    steps.event("1");
    while client.next().await.unwrap()["type"] != "output" {}
    let stopping = tokio::spawn(gateway.shut_down(Duration::from_millis(200)));
    let ending = client.run("r").await.pop().unwrap();
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("interrupted"), &json!(true)));
    assert_eq!(ending["message"], "The gateway was stopped; the reply is not complete.");
    assert_eq!(client.close_code().await, 1001);
    let abandoned = stopping.await.unwrap();
    assert_eq!((abandoned.running, abandoned.waiting), (vec![RequestId::parse("r").unwrap()], 1));
}
