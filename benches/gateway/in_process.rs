//! The real worker in this process, without queue and sockets: one prompt from its delivery to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentcore_gateway::agent::Agents;
use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::journal::Journal;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, SessionId};
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::push::{Push, PushError};
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::random::Random;
use agentcore_gateway::run_ended::Nobody;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Connections, Sessions};
use agentcore_gateway::session::{RunKey, SessionKey};
use agentcore_gateway::trace::TraceContext;
use agentcore_gateway::worker::settings::Settings;
use agentcore_gateway::worker::{Tools, Worker};
use async_trait::async_trait;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Result;

/// Where runs keep what they keep.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) connections: Arc<dyn Connections>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<Random>,
    visibility: Arc<Hidden>,
}

impl Stores {
    /// Everything in `table` and `journal`, by a wall clock that goes with tokio's.
    pub(crate) fn new<T: Sessions + Connections + 'static>(table: &Arc<T>, journal: Arc<dyn Journal>) -> Self {
        Self {
            sessions: table.clone(),
            connections: table.clone(),
            journal,
            clock: Arc::new(TokioClock(Instant::now())),
            random: Arc::new(Random::seeded(1)),
            visibility: Arc::default(),
        }
    }

    /// Its queue.
    pub(crate) fn visibility(&self) -> Arc<dyn Visibility> {
        self.visibility.clone()
    }

    /// How often a message was hidden for longer.
    pub(crate) fn visibility_changes(&self) -> usize {
        self.visibility.0.load(Ordering::Relaxed)
    }

    /// Gives a worker with default settings a prompt of a new session, and waits until it is done with it.
    pub(crate) async fn run(&self, agent: Arc<dyn Agents>, push: Arc<dyn Push>) -> Result<()> {
        self.run_with(Settings::default(), agent, push).await
    }

    /// The same with other settings.
    pub(crate) async fn run_with(&self, settings: Settings, agent: Arc<dyn Agents>, push: Arc<dyn Push>) -> Result<()> {
        let worker = Worker::new(Tools {
            sessions: self.sessions.clone(),
            connections: self.connections.clone(),
            journal: self.journal.clone(),
            reply_runs: Arc::new(MemoryTable::default()),
            visibility: self.visibility.clone(),
            watches: Arc::new(MemoryQueue::new(QueueLimits::default())),
            push,
            events: Arc::new(Nobody),
            agents: agent,
            uploads: None,
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings,
        });
        let deadline = watch::Sender::new(None);
        let response = worker.handle(event_of(&self.prompt()?), deadline.subscribe()).await;
        if response.batch_item_failures.is_empty() { Ok(()) } else { Err("a worker gave a prompt back".into()) }
    }

    /// A prompt whose ids have the lengths that they have on AWS.
    pub(crate) fn prompt(&self) -> Result<QueuedPrompt> {
        let now = self.clock.now();
        let session = SessionId::parse(self.random.request_id(now).as_str())?;
        let session = SessionKey { principal: Principal::anonymous(), session };
        Ok(QueuedPrompt {
            run: RunKey { session, request: self.random.request_id(now) },
            connection: ConnectionId::parse(format!("{:015x}=", self.random.bits() >> 68))?,
            agent: AgentName::default_agent(),
            received_at: now,
            trace: TraceContext::new_root(&self.random),
            body: PromptContent::Given(PromptBody::text("Tell me more.")),
        })
    }
}

fn event_of(prompt: &QueuedPrompt) -> SqsEvent {
    let mut record = SqsMessage::default();
    record.message_id = Some("message".to_owned());
    record.receipt_handle = Some("receipt".to_owned());
    record.body = Some(prompt.encode());
    record.attributes.insert("MessageGroupId".to_owned(), prompt.group());
    let mut event = SqsEvent::default();
    event.records = vec![record];
    event
}

/// A queue that gives a message out once, and counts how often it is to be hidden for longer.
#[derive(Default)]
struct Hidden(AtomicUsize);

#[async_trait]
impl Visibility for Hidden {
    async fn extend(&self, _: &str, _: Duration) -> std::result::Result<(), QueueError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn delete(&self, _: &str) -> std::result::Result<(), QueueError> {
        Ok(())
    }
}

/// A wall clock that goes with tokio's, also where that is paused.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000_000).after(self.0.elapsed())
    }
}

/// A connection that takes everything at once, and counts.
#[derive(Default)]
pub(crate) struct Nowhere(AtomicUsize);

impl Nowhere {
    /// How many pushes there were.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Push for Nowhere {
    async fn push(&self, _: &ConnectionId, _: &str) -> std::result::Result<(), PushError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
