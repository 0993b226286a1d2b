//! `resume`: attach, replay what was missed, go on live.
//!
//! Who sends which frame is decided by the session's transitions. While a run is active, its worker sends to an
//! attached connection everything behind that connection's cursor. So a resume first attaches with the cursor *held*,
//! replays the journal, and then moves the cursor to where the replay ended: if the run is still active at that moment,
//! its worker sends the rest, else the rest is in the journal.

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use tracing::info;

use super::{ConnectionsHandler, unavailable};
use crate::gateway_event::{connection_of, principal_of};
use crate::journal::Tail;
use crate::protocol::answer::{Answer, RequestState};
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::{ConnectionId, RequestId};
use crate::protocol::message::Resume;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::push::PushError;
use crate::recovery::push_patiently;
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Cursor, RunKey, Session, SessionKey};

/// Why a resume did nothing.
enum Failed {
    Refused(Rejection),
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Rejection> for Failed {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

impl ConnectionsHandler {
    pub(super) async fn resume(
        &self,
        event: &ApiGatewayWebsocketProxyRequest,
        resume: Resume,
    ) -> Result<Option<Answer>, Rejection> {
        let connection = connection_of(event)?;
        let key = SessionKey { principal: principal_of(event)?, session: resume.session };
        let named = resume.request.clone();
        match self.attach_and_replay(&key, &connection, resume.request, resume.after).await {
            Ok(Ok(())) => Ok(None),
            // The client has gone, or takes nothing: it can resume again.
            Ok(Err(error)) => {
                info!(session = key.log_name(), %error, "a replay ended early");
                Ok(None)
            }
            Err(Failed::Refused(rejection)) => Err(rejection.of(named)),
            Err(Failed::Store(error)) => Err(unavailable(&error, named)),
        }
    }

    async fn attach_and_replay(
        &self,
        key: &SessionKey,
        connection: &ConnectionId,
        request: Option<RequestId>,
        after: Seq,
    ) -> Result<Result<(), PushError>, Failed> {
        let mut session = self.load(key).await?;
        loop {
            let Some(run) = target(key, request.clone(), &session) else {
                let attached = self.attach(key, connection, Cursor::Live).await?;
                if target(key, None, &attached).is_some() {
                    session = attached;
                    continue;
                }
                let pushed = self.push_resumed(key, connection, None, after, RequestState::Idle).await;
                self.connections.record(connection, &key.principal, Some(&key.session), self.clock.now()).await?;
                return Ok(pushed);
            };
            let state = self.state(&run, &session).await?;
            let held = Cursor::Held { request: run.request.clone() };
            let cursor = if state == RequestState::Running { held } else { Cursor::Live };
            let attached = self.attach(key, connection, cursor).await?;
            let is_active = attached.active_run(&run.request).is_some();
            if is_active != (state == RequestState::Running) {
                // It started or ended just now.
                session = attached;
                continue;
            }
            self.connections.record(connection, &key.principal, Some(&key.session), self.clock.now()).await?;
            return self.replay_to(&run, connection, after, state).await;
        }
    }

    async fn replay_to(
        &self,
        run: &RunKey,
        connection: &ConnectionId,
        after: Seq,
        state: RequestState,
    ) -> Result<Result<(), PushError>, Failed> {
        let request = Some(run.request.clone());
        let replayed = match self.push_resumed(&run.session, connection, request, after, state).await {
            Ok(()) if state == RequestState::Queued => return Ok(Ok(())),
            Ok(()) => self.recovery().replay(run, connection, after).await,
            Err(error) => Ok(Err(error)),
        };
        if state != RequestState::Running {
            return Ok(replayed?.map(|_| ()));
        }
        let Ok(Ok(seq)) = replayed else {
            // The connection must not stay held: the run's worker sends what this replay did not.
            let cursor = Cursor::After { request: run.request.clone(), seq: after };
            self.attach(&run.session, connection, cursor).await?;
            return Ok(replayed?.map(|_| ()));
        };
        let cursor = Cursor::After { request: run.request.clone(), seq };
        let session = self.attach(&run.session, connection, cursor).await?;
        if session.active_run(&run.request).is_some() {
            return Ok(Ok(()));
        }
        // The run ended during the replay.
        let rest = self.recovery().replay(run, connection, seq).await?;
        Ok(rest.map(|_| ()))
    }

    async fn attach(&self, key: &SessionKey, connection: &ConnectionId, cursor: Cursor) -> Result<Session, Failed> {
        let attach = Transition::Attach { connection: connection.clone(), cursor };
        self.sessions.apply(key, &attach, self.clock.now()).await?.map_err(|_| {
            let message = "The session has as many connections as it may.";
            Failed::Refused(Rejection::new(RejectCode::RateLimited, message))
        })
    }

    async fn push_resumed(
        &self,
        key: &SessionKey,
        connection: &ConnectionId,
        request_id: Option<RequestId>,
        after: Seq,
        state: RequestState,
    ) -> Result<(), PushError> {
        let answer = Answer::Resumed { request_id, session_id: key.session.clone(), after, state };
        push_patiently(self.push.as_ref(), connection, &answer.to_text()).await
    }

    async fn state(&self, run: &RunKey, session: &Session) -> Result<RequestState, Failed> {
        if session.active_run(&run.request).is_some() {
            return Ok(RequestState::Running);
        }
        let now = self.clock.now();
        match self.journal.tail(run, now).await? {
            Some(Tail { outcome: Some(outcome), written_at, .. }) => {
                if now > written_at.after(self.replay_window) {
                    return Err(replay_expired().into());
                }
                Ok(state_of(outcome))
            }
            // Begun, and not active when the session was read: it has begun since, or its worker is dead.
            Some(Tail { outcome: None, .. }) => {
                let ended = self.recovery().end_orphan(run, &self.new_lease()).await?;
                Ok(ended.map_or(RequestState::Running, state_of))
            }
            None if session.latest.as_ref().is_some_and(|latest| latest.request == run.request) => {
                Err(replay_expired().into())
            }
            None => Ok(RequestState::Queued),
        }
    }
}

/// The run that a resume is about: the one it names, else the running, else the latest.
fn target(key: &SessionKey, named: Option<RequestId>, session: &Session) -> Option<RunKey> {
    let running = || session.active.as_ref().map(|active| active.request.clone());
    let latest = || session.latest.as_ref().map(|latest| latest.request.clone());
    let request = named.or_else(running).or_else(latest)?;
    Some(RunKey { session: key.clone(), request })
}

fn state_of(outcome: Outcome) -> RequestState {
    match outcome {
        Outcome::Completed => RequestState::Completed,
        Outcome::Failed => RequestState::Failed,
        Outcome::Stopped => RequestState::Stopped,
    }
}

fn replay_expired() -> Rejection {
    Rejection::new(RejectCode::ReplayExpired, "The request has ended, and its frames are no longer kept.")
}
