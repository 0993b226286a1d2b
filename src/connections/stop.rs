//! `stop`: record that a request is to end.

use std::time::Duration;

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{ConnectionsHandler, unavailable};
use crate::backoff::retry;
use crate::protocol::answer::Answer;
use crate::protocol::frame::Ending;
use crate::protocol::ids::RequestId;
use crate::protocol::message::Stop;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{RunKey, Session, SessionKey};

/// How long is tried to end a run whose agent goes on by itself, and to tell that. API Gateway waits 29 s for the answer.
const ENDING: Duration = Duration::from_secs(18);

/// How long a store is tried of that.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stop of a request that has not come by then makes room for others.
const STALE: Duration = Duration::from_secs(60 * 60);

impl ConnectionsHandler {
    pub(super) async fn stop(&self, event: &ApiGatewayWebsocketProxyRequest, stop: Stop) -> Result<Answer, Rejection> {
        let named = stop.request.clone();
        let principal = self.identity.of(event, self.clock.now()).await;
        let principal = principal.map_err(|rejection| rejection.of(named.clone()))?;
        let key = SessionKey { principal, session: stop.session };
        match self.record_stop(&key, stop.request).await {
            Ok(Ok(request_id)) => Ok(Answer::Stopping { request_id, session_id: key.session }),
            Ok(Err(rejection)) => Err(rejection.of(named)),
            Err(error) => Err(unavailable(&error, named)),
        }
    }

    async fn record_stop(
        &self,
        key: &SessionKey,
        request: Option<RequestId>,
    ) -> Result<Result<RequestId, Rejection>, StoreError> {
        let session = self.load(key).await?;
        let Some(request) = request.or_else(|| session.active.as_ref().map(|active| active.request.clone())) else {
            return Ok(Err(not_found("The session has no running request.")));
        };
        if session.active_run(&request).is_none() && self.has_ended(key, &request, &session).await? {
            return Ok(Err(not_found("The request has ended.")));
        }
        let stop = Transition::Stop { request: request.clone() };
        let Ok(session) = self.sessions.apply(key, &stop, self.clock.now()).await? else {
            self.forget_stale(key, &session).await?;
            let message = "The session has as many stops of requests to come as it may.";
            return Ok(Err(Rejection::new(RejectCode::RateLimited, message)));
        };
        if session.active_run(&request).is_none() && self.has_ended(key, &request, &session).await? {
            let forget = Transition::ForgetStop { request };
            let _ = self.sessions.apply(key, &forget, self.clock.now()).await?;
            return Ok(Err(not_found("The request has ended.")));
        }
        if session.detached_run(&request).is_some() {
            self.end_detached(key, &request).await;
        }
        Ok(Ok(request))
    }

    /// Ends a run that no worker is there to end. Should that fail, the stop is recorded: the next who touches the run
    /// ends it.
    async fn end_detached(&self, key: &SessionKey, request: &RequestId) {
        let run = RunKey { session: key.clone(), request: request.clone() };
        let lease = self.new_lease();
        let end = || self.recovery().end_detached(&run, &lease, &Ending::Stopped);
        let ended = timeout(ENDING, async {
            if let Some(ended) = retry(PATIENCE, |_| true, end).await? {
                self.recovery().send_owed(&run, ended.owed).await;
            }
            Ok::<_, StoreError>(())
        });
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!(session = key.log_name(), %request, %error, "a run that is to stop was not ended");
            }
            // Whoever looks after the run does the rest.
            Err(_) => info!(session = key.log_name(), %request, "a run that is to stop could not be ended in time"),
        }
    }

    async fn has_ended(&self, key: &SessionKey, request: &RequestId, session: &Session) -> Result<bool, StoreError> {
        if session.latest.as_ref().is_some_and(|latest| latest.request == *request) {
            return Ok(true);
        }
        let run = RunKey { session: key.clone(), request: request.clone() };
        let tail = self.journal.tail(&run, self.clock.now()).await?;
        Ok(tail.is_some_and(|tail| tail.outcome.is_some()))
    }

    async fn forget_stale(&self, key: &SessionKey, session: &Session) -> Result<(), StoreError> {
        let now = self.clock.now();
        for (request, _) in session.stops.iter().filter(|(_, since)| now.since(**since) > STALE) {
            let forget = Transition::ForgetStop { request: request.clone() };
            let _ = self.sessions.apply(key, &forget, now).await?;
        }
        Ok(())
    }
}

fn not_found(message: &str) -> Rejection {
    Rejection::new(RejectCode::NotFound, message)
}
