//! The whole gateway without sockets: the real handlers over the in-memory adapters, fed with real events.

use std::collections::BTreeSet;
use std::sync::Arc;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::connections::ConnectionsHandler;
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::identity::Identity;
use agentcore_gateway::journal::REPLAY_WINDOW;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::message::MessageHandler;
use agentcore_gateway::protocol::ids::{AgentName, Principal, SessionId};
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue, QueueLimits};
use agentcore_gateway::random::Random;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::{Session, SessionKey};
use agentcore_gateway::trace::TraceContext;
use agentcore_gateway::worker::settings::Settings;
use agentcore_gateway::worker::{Tools, Worker};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clock::TestClock;
use super::events::RecordingEvents;
use super::push::RecordingPush;
use super::scripted::ScriptedAgents;

/// The gateway, and everything around it that a test looks at.
#[derive(Clone)]
pub struct Engine {
    pub queue: Arc<MemoryQueue>,
    pub watch: Arc<MemoryQueue>,
    pub table: Arc<MemoryTable>,
    pub push: Arc<RecordingPush>,
    pub agents: Arc<ScriptedAgents>,
    pub events: Arc<RecordingEvents>,
    pub clock: Arc<TestClock>,
    pub tools: Tools,
    pub deadline: watch::Sender<Option<Instant>>,
    messages: MessageHandler,
    pub connections: ConnectionsHandler,
}

impl Engine {
    pub fn new(agents: Arc<ScriptedAgents>) -> Self {
        Self::with(agents, |_| {})
    }

    /// An engine whose tools a test has changed: settings, or an adapter with faults around it.
    pub fn with(agents: Arc<ScriptedAgents>, change: impl FnOnce(&mut Tools)) -> Self {
        Self::made(agents, change, |_| Identity::Anonymous)
    }

    /// An engine that knows whose its connections are.
    pub fn identified(agents: Arc<ScriptedAgents>, identity: impl FnOnce(Arc<MemoryTable>) -> Identity) -> Self {
        Self::made(agents, |_| {}, identity)
    }

    fn made(
        agents: Arc<ScriptedAgents>,
        change: impl FnOnce(&mut Tools),
        identity: impl FnOnce(Arc<MemoryTable>) -> Identity,
    ) -> Self {
        let queue = Arc::new(MemoryQueue::new(QueueLimits { max_waiting: 20, ..QueueLimits::default() }));
        let watch = Arc::new(MemoryQueue::new(QueueLimits { max_receive_count: 1000, ..QueueLimits::default() }));
        let table = Arc::new(MemoryTable::default());
        let events = Arc::new(RecordingEvents::default());
        let push = Arc::new(RecordingPush::default());
        let clock = Arc::new(TestClock::start());
        let random = Arc::new(Random::seeded(7));
        let mut tools = Tools {
            sessions: table.clone(),
            connections: table.clone(),
            reply_runs: table.clone(),
            journal: Arc::new(MemoryJournal::default()),
            visibility: queue.clone(),
            watches: watch.clone(),
            push: push.clone(),
            events: events.clone(),
            agents: agents.clone(),
            uploads: None,
            clock: clock.clone(),
            random: random.clone(),
            settings: Settings::default(),
        };
        change(&mut tools);
        let identity = identity(table.clone());
        let names = BTreeSet::from([AgentName::default_agent(), AgentName::parse("other").unwrap()]);
        let connections = ConnectionsHandler {
            sessions: tools.sessions.clone(),
            connections: tools.connections.clone(),
            journal: tools.journal.clone(),
            push: tools.push.clone(),
            clock: clock.clone(),
            random: random.clone(),
            identity: identity.clone(),
            origins: AllowedOrigins::Any,
            events: events.clone(),
            uploads: None,
            on_stop: tools.settings.on_stop,
            replay_window: REPLAY_WINDOW,
        };
        let messages = MessageHandler::new(queue.clone(), names, identity, clock.clone(), random);
        let deadline = watch::Sender::new(None);
        Self { queue, watch, table, push, agents, events, clock, tools, deadline, messages, connections }
    }

    /// Sends `message` on `connection` by its route, and returns the answer.
    pub async fn say(&self, connection: &str, message: &Value) -> Option<Value> {
        let route = message
            .get("action")
            .and_then(Value::as_str)
            .filter(|action| ["resume", "stop", "upload"].contains(action));
        let route = route.unwrap_or("$default");
        answer_of(self.handle(event(route, connection, message.to_string())).await)
    }

    /// Gives an event to the handler of its route.
    pub async fn handle(&self, event: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        match event.request_context.route_key.as_deref() {
            Some("$default") => self.messages.handle(&event, TraceContext::default()).await,
            _ => self.connections.handle(&event).await,
        }
    }

    /// Opens `connection`; returns the status.
    pub async fn connect(&self, connection: &str, session: Option<&str>) -> i64 {
        let mut event = event("$connect", connection, String::new());
        if let Some(session) = session {
            let query = [("sessionId".to_owned(), vec![session.to_owned()])];
            event.query_string_parameters = std::collections::HashMap::from(query).into();
        }
        self.handle(event).await.status_code
    }

    pub async fn disconnect(&self, connection: &str) {
        self.handle(event("$disconnect", connection, String::new())).await;
    }

    pub fn worker(&self) -> Worker {
        Worker::new(self.tools.clone())
    }

    /// Gives one message to a worker; deletes it unless it has to come again. Returns whether it was done.
    pub async fn work(&self, delivery: Delivery) -> bool {
        let receipt = delivery.receipt.clone();
        let response = self.worker().handle(event_of([delivery]), self.deadline.subscribe()).await;
        let is_done = response.batch_item_failures.is_empty();
        if is_done {
            self.queue.delete(&receipt);
        }
        is_done
    }

    /// Takes the next message and works on it until it is done.
    pub async fn work_next(&self) -> bool {
        let delivery = self.queue.receive().await;
        self.work(delivery).await
    }

    /// Takes the next message and works on it in the background, and on no other.
    pub async fn work_alone(&self) -> JoinHandle<bool> {
        let delivery = self.queue.receive().await;
        let engine = self.clone();
        tokio::spawn(async move { engine.work(delivery).await })
    }

    /// A worker that takes one message after the other; it dies when the handle is aborted.
    pub fn spawn_worker(&self) -> JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                engine.work_next().await;
            }
        })
    }

    /// The session `id` of the anonymous principal.
    pub async fn session(&self, id: &str) -> Session {
        self.tools.sessions.load(&key(id), self.clock.now()).await.unwrap()
    }

    /// Frames of `request` that `connection` was sent, without `progress`.
    pub fn frames(&self, connection: &str, request: &str) -> Vec<Value> {
        let frames = self.push.received(connection).into_iter();
        frames.filter(|frame| frame["requestId"] == request && frame.get("seq").is_some()).collect()
    }
}

/// The key of session `id` of the anonymous principal.
pub fn key(id: &str) -> SessionKey {
    SessionKey { principal: Principal::anonymous(), session: SessionId::parse(id).unwrap() }
}

/// An SQS event with one record per delivery.
pub fn event_of(deliveries: impl IntoIterator<Item = Delivery>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = deliveries
        .into_iter()
        .map(|delivery| {
            let mut record = SqsMessage::default();
            record.message_id = Some(delivery.message_id);
            record.receipt_handle = Some(delivery.receipt);
            record.body = Some(delivery.body.to_string());
            record.attributes.insert("MessageGroupId".to_owned(), delivery.group);
            record.attributes.insert("ApproximateReceiveCount".to_owned(), delivery.receive_count.to_string());
            record
        })
        .collect();
    event
}

/// The events of `frames`, in order.
pub fn events_of(frames: &[Value]) -> Vec<Value> {
    frames.iter().filter_map(|frame| frame["events"].as_array()).flatten().cloned().collect()
}

fn event(route: &str, connection: &str, body: String) -> ApiGatewayWebsocketProxyRequest {
    event_as("anonymous", route, connection, body)
}

/// An event of `route` as API Gateway sends it for a connection of `principal`.
pub fn event_as(principal: &str, route: &str, connection: &str, body: String) -> ApiGatewayWebsocketProxyRequest {
    let mut event = ApiGatewayWebsocketProxyRequest::default();
    event.request_context.authorizer.fields.insert("principalId".to_owned(), principal.into());
    event.request_context.route_key = Some(route.to_owned());
    event.request_context.connection_id = Some(connection.to_owned());
    event.body = Some(body);
    event
}

/// The message that a response hands to the client.
pub fn answer_of(response: ApiGatewayProxyResponse) -> Option<Value> {
    match response.body? {
        Body::Text(text) => Some(serde_json::from_str(&text).expect("an answer is JSON")),
        _ => None,
    }
}
