//! Stopping the agent of a run that has ended without it, before the session's next prompt may reach it.

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use crate::agent::{Agents, InvokeError, STOP_TIMEOUT};
use crate::clock::{Clock, Timestamp};
use crate::protocol::ids::ReplyRun;
use crate::session::runtime_id::runtime_session_id;
use crate::session::store::{Refused, Sessions, StoreError};
use crate::session::transition::{Refusal, Transition};
use crate::session::{LeaseId, SessionKey, Unstopped};

/// For so long nobody else stops an agent that is being stopped: longer than the call may take.
pub(crate) const STOPPER_LEASE: Duration = Duration::from_secs(40);

/// With less than this left a stop is not sent: one that comes late would end the session's next run.
const LATE: Duration = Duration::from_secs(10);

/// Why an agent was not stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoppingError {
    /// Somebody else is stopping it.
    #[error("somebody else is stopping the agent's session")]
    Elsewhere,
    /// The agent's platform did not do it, and will not.
    #[error(transparent)]
    Agent(#[from] InvokeError),
    /// It took too long, or its outcome is not known: it may still be done.
    #[error("the agent's session may still be being stopped")]
    Open,
    /// The session could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What it takes to stop an agent.
#[derive(Clone, Copy)]
pub(crate) struct Stopping<'a> {
    pub(crate) sessions: &'a dyn Sessions,
    pub(crate) agents: &'a dyn Agents,
    pub(crate) clock: &'a dyn Clock,
}

impl Stopping<'_> {
    /// Stops the agent that knew its run as `run`, if it still has to be. One at a time does so, and a run of the session
    /// begins only when that is done.
    ///
    /// # Errors
    /// [`StoppingError`]; the agent may then be stopped by whoever tries next.
    pub(crate) async fn stop(self, key: &SessionKey, run: &ReplyRun, stopper: &LeaseId) -> Result<(), StoppingError> {
        let Some((unstopped, until)) = self.begin(key, run, stopper).await? else { return Ok(()) };
        if until.since(self.clock.now()) <= STOP_TIMEOUT + LATE {
            // The table has taken long. Whoever comes next has all the time.
            return Err(StoppingError::Open);
        }
        let runtime_session = runtime_session_id(key);
        let stop = self.agents.stop_session(&unstopped.agent, &runtime_session);
        if let Err(error) = timeout(STOP_TIMEOUT, stop).await.map_err(|_| StoppingError::Open)? {
            if error.leaves_it_open() {
                warn!(session = key.log_name(), %error, "it is not known whether the agent's session was stopped");
                return Err(StoppingError::Open);
            }
            // It was not done, and will not be: whoever comes next need not wait for it.
            let (run, stopper, now) = (run.clone(), stopper.clone(), self.clock.now());
            let _ = self.sessions.apply(key, &Transition::BeginStopping { run, stopper, until: now }, now).await;
            return Err(error.into());
        }
        let stopped = Transition::Stopped { run: run.clone(), stopper: stopper.clone() };
        if self.sessions.apply(key, &stopped, self.clock.now()).await?.is_err() {
            warn!(session = key.log_name(), "somebody else has taken over to stop the agent's session");
        }
        Ok(())
    }

    /// The agent to stop, and until when; `None`: it need not be stopped any more.
    async fn begin(
        self,
        key: &SessionKey,
        run: &ReplyRun,
        stopper: &LeaseId,
    ) -> Result<Option<(Unstopped, Timestamp)>, StoppingError> {
        let now = self.clock.now();
        let until = now.after(STOPPER_LEASE);
        let begin = Transition::BeginStopping { run: run.clone(), stopper: stopper.clone(), until };
        match self.sessions.apply(key, &begin, now).await? {
            Ok(session) => Ok(session.unstopped.map(|unstopped| (unstopped, until))),
            Err(Refused { refusal: Refusal::Unstopped, .. }) => Err(StoppingError::Elsewhere),
            Err(_) => Ok(None),
        }
    }
}
