//! `resume`: attach, replay what was missed, go on live.
//!
//! Who sends which frame is decided by the session's transitions. While a run is active, its worker (or the relay) sends to an
//! attached connection everything behind that connection's cursor. So a resume first attaches with the cursor *held*,
//! replays the journal, and then moves the cursor to where the replay ended: if the run is still active at that moment,
//! that one sends the rest, else the rest is in the journal.

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use tracing::info;

use super::replay::CutShort;
use super::{ConnectionsHandler, unavailable};
use crate::gateway_event::connection_of;
use crate::journal::Tail;
use crate::protocol::answer::{Answer, RequestState};
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::{ConnectionId, RequestId};
use crate::protocol::message::Resume;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::session::room::apply_making_room;
use crate::session::store::{Refused, StoreError};
use crate::session::transition::Transition;
use crate::session::{Cursor, ReplayId, RunKey, Session, SessionKey};

/// Why a resume did nothing, or not all.
pub(super) enum Failed {
    Refused(Rejection),
    Store(StoreError),
    CutShort(CutShort),
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

/// A resume on its way.
pub(super) struct Resuming<'a> {
    pub(super) key: &'a SessionKey,
    pub(super) connection: &'a ConnectionId,
    /// The name of its replay.
    pub(super) replay: ReplayId,
    pub(super) after: Seq,
}

impl ConnectionsHandler {
    pub(super) async fn resume(
        &self,
        event: &ApiGatewayWebsocketProxyRequest,
        resume: Resume,
    ) -> Result<Option<Answer>, Rejection> {
        let named = resume.request.clone();
        let refused = |rejection: Rejection| rejection.of(named.clone());
        let connection = connection_of(event).map_err(refused)?;
        let principal = self.identity.of(event, self.clock.now()).await.map_err(refused)?;
        let key = SessionKey { principal, session: resume.session };
        let replay = ReplayId(self.random.unique_name());
        let resuming = Resuming { key: &key, connection: &connection, replay, after: resume.after };
        match self.attach_and_replay(&resuming, resume.request).await {
            Ok(()) => Ok(None),
            // The client has gone, takes nothing, or has resumed again: what it lacks it asks for.
            Err(Failed::CutShort(why)) => {
                info!(session = key.log_name(), %why, "a replay ended early");
                Ok(None)
            }
            Err(Failed::Refused(rejection)) => Err(rejection.of(named)),
            Err(Failed::Store(error)) => Err(unavailable(&error, named)),
        }
    }

    async fn attach_and_replay(&self, resuming: &Resuming<'_>, request: Option<RequestId>) -> Result<(), Failed> {
        let Resuming { key, connection, replay, .. } = resuming;
        let (principal, id) = (&key.principal, Some(&key.session));
        self.connections.record(connection, principal, id, Some(replay), self.clock.now()).await?;
        let mut session = self.load(key).await?;
        loop {
            let Some(run) = target(key, request.clone(), &session) else {
                let attached = self.attach(key, connection, Cursor::Live).await?;
                if target(key, None, &attached).is_some() {
                    session = attached;
                    continue;
                }
                return self.push_resumed(resuming, None, RequestState::Idle).await;
            };
            let state = self.state(&run, &session).await?;
            let cursor = if state == RequestState::Running { resuming.hold(&run) } else { Cursor::Live };
            let attached = self.attach(key, connection, cursor).await?;
            let is_active = attached.active_run(&run.request).is_some();
            if is_active != (state == RequestState::Running) {
                // It started or ended just now.
                session = attached;
                continue;
            }
            return self.replay(resuming, &run, state).await;
        }
    }

    async fn attach(&self, key: &SessionKey, connection: &ConnectionId, cursor: Cursor) -> Result<Session, StoreError> {
        let attach = Transition::Attach { connection: connection.clone(), cursor };
        let (sessions, clock) = (self.sessions.as_ref(), self.clock.as_ref());
        let attached = apply_making_room(sessions, clock, key, |_| attach.clone()).await?;
        let (Ok(session) | Err(Refused { session, .. })) = attached;
        Ok(session)
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
                Ok(ended.map_or(RequestState::Running, |ended| state_of(ended.outcome)))
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
