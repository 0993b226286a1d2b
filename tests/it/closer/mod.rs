//! The closer: prompts that were given up, under paused time.

mod begun;
mod lost;
mod trouble;
mod unbegun;

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::closer::{Closer, Settings, Tools};
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, RequestId};
use agentcore_gateway::queue::memory::Delivery;
use agentcore_gateway::random::Random;
use agentcore_gateway::session::LeaseId;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use serde_json::Value;

use crate::support::engine::{Engine, event_of, key};
use crate::support::scripted::{ScriptedAgents, stream};
use crate::worker::runs::prompt;

const SECOND: Duration = Duration::from_secs(1);

/// An engine whose agents count to a hundred, a number a second.
fn engine() -> Engine {
    Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND)))
}

/// A closer over the stores of `engine`.
fn tools(engine: &Engine) -> Tools {
    Tools {
        sessions: engine.tools.sessions.clone(),
        journal: engine.tools.journal.clone(),
        visibility: engine.queue.clone(),
        watch_visibility: engine.watch.clone(),
        events: engine.events.clone(),
        push: engine.push.clone(),
        clock: engine.clock.clone(),
        random: Arc::new(Random::seeded(8)),
        settings: Settings::default(),
    }
}

/// Says prompt `request` in session `s`, and takes it from the queue.
pub async fn given_up(engine: &Engine, request: &str) -> Delivery {
    engine.say("c", &prompt("s", request)).await;
    engine.queue.receive().await
}

/// Another worker takes `request`, with a lease of so many seconds.
async fn claim(engine: &Engine, request: &str, seconds: u32) {
    let claim = Transition::Claim {
        request: RequestId::parse(request).unwrap(),
        lease: LeaseId("another".to_owned()),
        until: engine.clock.now().after(seconds * SECOND),
        connection: ConnectionId::parse("other=").unwrap(),
        agent: AgentName::default_agent(),
        reply: None,
    };
    engine.table.apply(&key("s"), &claim, engine.clock.now()).await.unwrap().unwrap();
}

/// Gives one message to the closer of `tools`; whether it is done with.
async fn close_with(tools: Tools, delivery: Delivery) -> bool {
    Closer::new(tools).handle(event_of([delivery]), None).await.batch_item_failures.is_empty()
}

pub async fn close(engine: &Engine, delivery: Delivery) -> bool {
    close_with(tools(engine), delivery).await
}

/// Type, code and number of each frame.
fn summary(frames: &[Value]) -> Vec<(&str, &str, u64)> {
    let code = |frame| Value::get(frame, "code").and_then(Value::as_str).unwrap_or_default();
    frames.iter().map(|frame| (frame["type"].as_str().unwrap(), code(frame), frame["seq"].as_u64().unwrap())).collect()
}
