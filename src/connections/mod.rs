//! The `connections` function: `$connect`, `$disconnect`, `resume`, `stop` and `upload`.

mod connect;
pub mod origins;
mod replay;
mod resume;
mod stop;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use tracing::warn;

use crate::choices::OnStop;
use crate::clock::Clock;
use crate::gateway_event::{answer_with, respond};
use crate::identity::Identity;
use crate::journal::Journal;
use crate::metrics;
use crate::protocol::answer::Answer;
use crate::protocol::ids::RequestId;
use crate::protocol::message::ClientMessage;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::push::Push;
use crate::random::Random;
use crate::recovery::Recovery;
use crate::run_ended::RunEvents;
use crate::session::store::{Connections, Sessions, StoreError};
use crate::session::{LeaseId, RunKey, Session, SessionKey};
use crate::uploads::{UploadOffers, UploadRoom};
use origins::AllowedOrigins;

/// Handles the life of connections, and what concerns a session rather than its agent.
#[derive(Clone)]
pub struct ConnectionsHandler {
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where connections are kept.
    pub connections: Arc<dyn Connections>,
    /// Where journals are kept.
    pub journal: Arc<dyn Journal>,
    /// The way to the connections.
    pub push: Arc<dyn Push>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Leases.
    pub random: Arc<Random>,
    /// How it is known whose a connection is.
    pub identity: Identity,
    /// Whose pages may connect.
    pub origins: AllowedOrigins,
    /// Who else is told that a run has ended.
    pub events: Arc<dyn RunEvents>,
    /// Where prompts can be uploaded; `None`: nowhere.
    pub uploads: Option<UploadRoom<dyn UploadOffers>>,
    /// What becomes of the agent of a run that is ended here.
    pub on_stop: OnStop,
    /// How long a run can be replayed after its end.
    pub replay_window: Duration,
}

impl ConnectionsHandler {
    /// Handles one event. What it returns counts as the answer to the client, or in `$connect` as the verdict.
    pub async fn handle(&self, event: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        match event.request_context.route_key.as_deref() {
            Some("$connect") => {
                let verdict = self.connect(event).await;
                match verdict.status_code {
                    200 => metrics::CONNECTIONS_OPENED.count(&[]),
                    status => metrics::CONNECTIONS_REFUSED.count(&[&status.to_string()]),
                }
                verdict
            }
            Some("$disconnect") => {
                self.disconnect(event).await;
                respond(200, None)
            }
            _ => match self.answer(event).await {
                Ok(Some(answer)) => answer_with(&answer),
                Ok(None) => respond(200, None),
                Err(rejection) => {
                    metrics::MESSAGES_REJECTED.count(&[rejection.code.as_str()]);
                    answer_with(&rejection.into())
                }
            },
        }
    }

    /// `None`: all there is to say was pushed.
    async fn answer(&self, event: &ApiGatewayWebsocketProxyRequest) -> Result<Option<Answer>, Rejection> {
        match ClientMessage::parse(event.body.as_deref().unwrap_or_default())? {
            ClientMessage::Resume(resume) => self.resume(event, resume).await,
            ClientMessage::Stop(stop) => self.stop(event, stop).await.map(Some),
            ClientMessage::Upload(wish) => self.offer(event, wish).await.map(Some),
            ClientMessage::Ping => Ok(Some(Answer::Pong)),
            ClientMessage::Echo(data) => Answer::echo(data).map(Some),
            ClientMessage::Prompt(prompt) => {
                let message = "A prompt must not have an \"action\".";
                Err(Rejection::new(RejectCode::InvalidRequest, message).of(prompt.request))
            }
        }
    }

    /// The session as it is, after ending a run whose worker died.
    async fn load(&self, key: &SessionKey) -> Result<Session, StoreError> {
        loop {
            let now = self.clock.now();
            let session = self.sessions.load(key, now).await?;
            match &session.active {
                Some(active) if active.is_orphan(now) => {
                    let run = RunKey { session: key.clone(), request: active.request.clone() };
                    self.recovery().end_orphan(&run, &self.new_lease()).await?;
                }
                _ => return Ok(session),
            }
        }
    }

    fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
            events: self.events.as_ref(),
            on_stop: self.on_stop,
        }
    }

    fn new_lease(&self) -> LeaseId {
        LeaseId(self.random.unique_name())
    }
}

/// What a client is told when the table is out of reach.
fn unavailable(error: &StoreError, request: Option<RequestId>) -> Rejection {
    warn!(%error, "the table is out of reach");
    Rejection::new(RejectCode::Unavailable, "The session could not be reached; send it again.").of(request)
}
