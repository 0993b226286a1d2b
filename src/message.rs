//! The `$default` function: validates a message and puts a prompt into the queue. It may do nothing else: no pushing, and no
//! table but for whose the connection is where only its record says so; its answer goes back to the client as the route's
//! response.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use tracing::warn;

use crate::clock::Clock;
use crate::gateway_event::{answer_with, connection_of};
use crate::identity::Identity;
use crate::metrics;
use crate::protocol::answer::Answer;
use crate::protocol::ids::{AgentName, RequestId};
use crate::protocol::message::{ClientMessage, Prompt};
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::queue::payload::QueuedPrompt;
use crate::queue::{Prompts, QueueError};
use crate::random::Random;
use crate::session::runtime_id::own_session;
use crate::session::{RunKey, SessionKey};
use crate::trace::TraceContext;

/// Handles messages of clients that no other route takes.
#[derive(Clone)]
pub struct MessageHandler {
    prompts: Arc<dyn Prompts>,
    agents: Arc<BTreeSet<AgentName>>,
    identity: Identity,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
}

impl MessageHandler {
    /// A handler that puts prompts for `agents` into the queue `prompts`, as those of whom `identity` knows.
    #[must_use]
    pub fn new(
        prompts: Arc<dyn Prompts>,
        agents: BTreeSet<AgentName>,
        identity: Identity,
        clock: Arc<dyn Clock>,
        random: Arc<Random>,
    ) -> Self {
        Self { prompts, agents: Arc::new(agents), identity, clock, random }
    }

    /// Answers one message; `trace` is what a prompt in it belongs to.
    pub async fn handle(
        &self,
        event: &ApiGatewayWebsocketProxyRequest,
        trace: TraceContext,
    ) -> ApiGatewayProxyResponse {
        let answered = self.answer(event, trace).await;
        if let Err(rejection) = &answered {
            metrics::MESSAGES_REJECTED.count(&[rejection.code.as_str()]);
        }
        answer_with(&answered.unwrap_or_else(Answer::from))
    }

    async fn answer(&self, event: &ApiGatewayWebsocketProxyRequest, trace: TraceContext) -> Result<Answer, Rejection> {
        match ClientMessage::parse(event.body.as_deref().unwrap_or_default())? {
            ClientMessage::Prompt(prompt) => self.enqueue(event, prompt, trace).await,
            ClientMessage::Echo(data) => Answer::echo(data),
            ClientMessage::Ping => Ok(Answer::Pong),
            ClientMessage::Resume(_) | ClientMessage::Stop(_) | ClientMessage::Upload(_) => Err(Rejection::new(
                RejectCode::Unavailable,
                "\"action\" has a route of its own, which this gateway does not have.",
            )),
        }
    }

    async fn enqueue(
        &self,
        event: &ApiGatewayWebsocketProxyRequest,
        prompt: Prompt,
        trace: TraceContext,
    ) -> Result<Answer, Rejection> {
        let named = prompt.request.clone();
        let refused = |rejection: Rejection| rejection.of(named.clone());
        let agent = self.agent(prompt.agent.as_deref()).map_err(refused)?;
        let now = self.clock.now();
        let connection = connection_of(event).map_err(refused)?;
        let principal = self.identity.of(event, now).await.map_err(refused)?;
        let session = prompt.session.unwrap_or_else(|| own_session(&connection));
        let request = prompt.request.unwrap_or_else(|| self.random.request_id(now));
        let queued = QueuedPrompt {
            run: RunKey { session: SessionKey { principal, session: session.clone() }, request: request.clone() },
            connection,
            agent,
            received_at: now,
            trace,
            body: prompt.body,
        };
        match self.prompts.send(&queued).await {
            Ok(()) => {
                metrics::PROMPTS_ACCEPTED.count(&[queued.agent.as_str()]);
                Ok(Answer::Accepted { request_id: request, session_id: session })
            }
            Err(error) => {
                warn!(session = queued.run.session.log_name(), %request, %error, "a prompt was not queued");
                Err(refusal(&error, request))
            }
        }
    }

    fn agent(&self, asked_for: Option<&str>) -> Result<AgentName, Rejection> {
        let Some(name) = asked_for else {
            let default = AgentName::default_agent();
            if self.agents.contains(&default) {
                return Ok(default);
            }
            let message = format!("\"agent\" must be given: one of {}.", self.agent_names());
            return Err(Rejection::new(RejectCode::InvalidRequest, message));
        };
        let agent = AgentName::parse(name).ok().filter(|agent| self.agents.contains(agent));
        agent.ok_or_else(|| {
            let message = format!("\"agent\" must be one of {}.", self.agent_names());
            Rejection::new(RejectCode::UnknownAgent, message)
        })
    }

    fn agent_names(&self) -> String {
        self.agents.iter().map(AgentName::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn refusal(error: &QueueError, request: RequestId) -> Rejection {
    let (code, message) = match error {
        QueueError::Full => (RejectCode::RateLimited, "Too many prompts of this session wait; send it again later."),
        QueueError::Throttled => (RejectCode::RateLimited, "Too many prompts come at once; send it again later."),
        QueueError::Unavailable(_) => (RejectCode::Unavailable, "The prompt could not be queued; send it again."),
    };
    Rejection::new(code, message).of(Some(request))
}
