//! Runs whose agents go on by themselves: the worker that leaves them, the relay that takes their messages, and the closer
//! that looks after them, under paused time.

mod batches;
mod detaching;
mod devices;
mod endings;
mod hours;
mod markers;
mod resumes;
mod stopping;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::closer::{self, Closer};
use agentcore_gateway::protocol::reply::ReplyQueue;
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::random::Random;
use agentcore_gateway::relay::{Relay, Settings, Tools};
use agentcore_gateway::session::Session;
use agentcore_gateway::session::store::{Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::worker;
use agentcore_gateway::worker::settings::LongRuns;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde_json::{Value, json};

use crate::support::around::AroundSessions;
use crate::support::engine::{Engine, event_of};
use crate::support::scripted::{Script, ScriptedAgents, Step};
use crate::worker::runs::prompt;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What the agent is given to send by.
fn gateway_reply(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap()["gatewayReply"].clone()
}

/// The marker that is asked for in the body of a call.
fn marker(body: &str) -> String {
    json!({"detached": gateway_reply(body)["run"]}).to_string()
}

/// An engine whose agents may go on by themselves.
fn engine_of(agents: Arc<ScriptedAgents>) -> Engine {
    engine_with(agents, |_| {})
}

fn engine_with(agents: Arc<ScriptedAgents>, change: impl FnOnce(&mut worker::Tools)) -> Engine {
    Engine::with(agents, |tools| {
        tools.settings.long_runs = Some(LongRuns {
            queue: ReplyQueue {
                queue_url: "https://sqs.eu-west-1.amazonaws.com/123456789012/replies.fifo".to_owned(),
                region: "eu-west-1".to_owned(),
                endpoint_url: None,
            },
            agents: None,
        });
        change(tools);
    })
}

/// Agents that say `first` and `second`, and go on by themselves.
fn agents() -> Arc<ScriptedAgents> {
    ScriptedAgents::new(|invocation, _| {
        let events = vec![r#""first""#.to_owned(), r#""second""#.to_owned(), marker(&invocation.body)];
        Script::Reply(vec![Step::Events(events)])
    })
}

/// A run that has been left to its agent.
pub struct LongRun {
    engine: Engine,
    reply: Value,
    settings: Settings,
}

impl LongRun {
    /// Request `r` of session `s`, asked for by connection `c`, whose agent has said `first` and `second`.
    pub async fn begin() -> Self {
        Self::of(engine_of(agents()), "r").await
    }

    /// Request `request` of session `s` in `engine`.
    async fn of(engine: Engine, request: &str) -> Self {
        engine.say("c", &prompt("s", request)).await;
        assert!(engine.work_next().await, "the message is done with");
        let reply = gateway_reply(&engine.agents.calls().last().unwrap().body);
        let on_stop = engine.tools.settings.on_stop;
        Self { engine, reply, settings: Settings { on_stop, ..Settings::default() } }
    }

    pub fn message(&self, index: u64, events: &[Value]) -> Value {
        let [run, token] = ["run", "token"].map(|name| self.reply[name].clone());
        json!({"type": "reply", "version": 1, "run": run, "token": token, "index": index, "events": events})
    }

    fn end(&self, index: u64, events: &[Value], end: Value) -> Value {
        let mut message = self.message(index, events);
        message["end"] = end;
        message
    }

    pub fn completed(&self, index: u64) -> Value {
        self.end(index, &[], json!({"outcome": "completed"}))
    }

    fn tools(&self) -> Tools {
        let tools = &self.engine.tools;
        Tools {
            sessions: tools.sessions.clone(),
            reply_runs: tools.reply_runs.clone(),
            journal: tools.journal.clone(),
            visibility: Arc::new(MemoryQueue::new(QueueLimits::default())),
            push: tools.push.clone(),
            events: tools.events.clone(),
            agents: tools.agents.clone(),
            clock: tools.clock.clone(),
            random: tools.random.clone(),
            settings: self.settings.clone(),
        }
    }

    /// Gives these messages to a relay as one batch; the places of those that have to come again.
    pub async fn relay(&self, messages: impl IntoIterator<Item = Value>) -> Vec<usize> {
        self.relay_with(self.tools(), messages).await
    }

    /// By a relay that cannot move the session on: it dies between the journal and the session.
    pub async fn relay_without_moves(&self, messages: impl IntoIterator<Item = Value>) -> Vec<usize> {
        let tools = self.tools();
        self.relay_with(Tools { sessions: without_moves(tools.sessions.clone()), ..tools }, messages).await
    }

    async fn relay_with(&self, tools: Tools, messages: impl IntoIterator<Item = Value>) -> Vec<usize> {
        let group = self.reply["group"].as_str().unwrap_or("group").to_owned();
        let records = messages.into_iter().enumerate().map(|(at, message)| record(at, &group, message.to_string()));
        let mut event = SqsEvent::default();
        event.records = records.collect();
        let failures = Relay::new(tools).handle(event, None).await.batch_item_failures;
        failures.iter().map(|failure| failure.item_identifier.parse().unwrap()).collect()
    }

    /// The closer that looks after runs takes the next of them; whether it is done with that.
    async fn look(&self) -> bool {
        let delivery = self.engine.watch.receive().await;
        let receipt = delivery.receipt.clone();
        let response = self.closer().watch(event_of([delivery]), None).await;
        let is_done = response.batch_item_failures.is_empty();
        if is_done {
            self.engine.watch.delete(&receipt);
        }
        is_done
    }

    fn closer(&self) -> Closer {
        let tools = &self.engine.tools;
        Closer::new(closer::Tools {
            sessions: tools.sessions.clone(),
            journal: tools.journal.clone(),
            visibility: self.engine.queue.clone(),
            watch_visibility: self.engine.watch.clone(),
            push: tools.push.clone(),
            events: tools.events.clone(),
            clock: tools.clock.clone(),
            random: Arc::new(Random::seeded(9)),
            settings: closer::Settings { on_stop: tools.settings.on_stop, ..closer::Settings::default() },
        })
    }

    async fn session(&self) -> Session {
        self.engine.session("s").await
    }

    /// The frames of request `r` that `connection` was sent, each once.
    fn frames(&self, connection: &str) -> Vec<Value> {
        let mut frames = self.engine.frames(connection, "r");
        frames.sort_by_key(|frame| frame["seq"].as_u64());
        frames.dedup();
        frames
    }

    /// How many frames of request `r` were pushed to `connection`, doubled ones too.
    fn pushes(&self, connection: &str) -> usize {
        self.engine.frames(connection, "r").len()
    }
}

fn record(id: usize, group: &str, body: String) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(id.to_string());
    record.receipt_handle = Some(id.to_string());
    record.body = Some(body);
    record.attributes.insert("MessageGroupId".to_owned(), group.to_owned());
    record.attributes.insert("ApproximateReceiveCount".to_owned(), "1".to_owned());
    record
}

/// What frames hold: their events, or their kind.
fn contents(frames: &[Value]) -> Vec<Value> {
    let numbers: Vec<_> = frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "there is a gap: {numbers:?}");
    let content = |frame: &Value| match frame["type"].as_str() {
        Some("output") => frame["events"].clone(),
        _ => frame["type"].clone(),
    };
    frames.iter().map(content).collect()
}

fn stop() -> Value {
    json!({"action": "stop", "sessionId": "s", "requestId": "r"})
}

/// `sessions` that no relay can move on: it dies between the journal and the session.
fn without_moves(sessions: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    Arc::new(AroundSessions::of(sessions).apply(|apply| async move {
        match apply.transition {
            Transition::Move { .. } => Err(StoreError::Throttled),
            _ => apply.done().await,
        }
    }))
}
