//! A thousand prompts on connections that are cut at random, over real sockets.

use agentcore_gateway::local::Gateway;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::agent::{FakeAgent, Script};
use crate::support::engine::events_of;
use crate::support::reply::ReplyInParts;
use crate::support::socket::{Client, gateway};

const CLIENTS: u64 = 40;
const PROMPTS: u64 = 25;
const EVENTS: usize = 30;

/// An agent that streams which prompt it answers, with other tasks' turns in between.
async fn chatty_agent() -> FakeAgent {
    FakeAgent::start(|request| {
        let body: Value = serde_json::from_str(&request.body).expect("a body is JSON");
        let prompt = body["prompt"].as_str().expect("a prompt").to_owned();
        let (steps, script) = Script::stream();
        tokio::spawn(async move {
            for number in 0..EVENTS {
                steps.event(&json!([prompt, number]).to_string());
                tokio::task::yield_now().await;
            }
            steps.end();
        });
        script
    })
    .await
}

/// Sends one prompt after the other, and cuts its connection after a few frames, time and again.
async fn live(gateway: &Gateway, number: u64) {
    let mut chance = StdRng::seed_from_u64(number);
    let session = format!("session-{number}");
    let mut client = Client::connect(gateway).await;
    for prompt in 0..PROMPTS {
        let request = format!("{number}.{prompt}");
        let ask = json!({"prompt": request, "sessionId": session, "requestId": request});
        client.send(&ask).await;
        let resume = |reply: &ReplyInParts| json!({"action": "resume", "sessionId": session, "requestId": request, "after": reply.contiguous()});
        let mut reply = ReplyInParts::default();
        let (mut is_accepted, mut was_sent_again) = (false, false);
        let mut until_cut = chance.random_range(0..8);
        while !reply.is_whole() {
            if until_cut == 0 {
                // The socket is dropped in whatever state it is: no close frame.
                client = Client::connect(gateway).await;
                client.send(&if is_accepted { resume(&reply) } else { ask.clone() }).await;
                was_sent_again = !is_accepted;
                until_cut = if chance.random::<f64>() < 0.5 { chance.random_range(1..8) } else { u32::MAX };
            }
            until_cut -= 1;
            let message = client.next().await.expect("the gateway keeps the connection open");
            if message["type"] == "accepted" {
                is_accepted = true;
                if was_sent_again {
                    // The first one may have come through, and then this one attached nothing.
                    client.send(&resume(&reply)).await;
                }
            }
            if message["requestId"] == request.as_str() && message.get("seq").is_some() {
                assert!(reply.take(message), "the same number with other content");
                if reply.has_gap() {
                    until_cut = until_cut.min(1);
                }
            }
        }
        let expected: Vec<Value> = (0..EVENTS).map(|event| json!([request, event])).collect();
        let frames = reply.into_frames();
        assert_eq!(frames.last().map(|frame| &frame["type"]), Some(&json!("completed")));
        assert_eq!(events_of(&frames), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_prompts_on_connections_that_are_cut_at_random_lose_and_double_nothing() {
    let agent = chatty_agent().await;
    let gateway = gateway(Some(&agent.url()), |_| {}).await;
    join_all((0..CLIENTS).map(|number| live(&gateway, number))).await;
    let calls = agent.requests();
    assert_eq!(calls.len(), usize::try_from(CLIENTS * PROMPTS).unwrap(), "every prompt called the agent once");
}
