//! Telling others that a run has ended, for who is not connected.

#[cfg(feature = "eventbridge")]
pub mod event_bridge;
#[cfg(feature = "local")]
pub mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::timeout;
use tracing::warn;

use crate::clock::millis;
use crate::metrics;
use crate::protocol::frame::{Ending, FailureCode, Outcome};
use crate::protocol::ids::{AgentName, Principal, RequestId, SessionId};
use crate::session::{RunKey, SessionKey};

/// A run that has its ending, as others are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEnded {
    /// Whose run it was.
    pub principal: Principal,
    /// The session it was in.
    pub session_id: SessionId,
    /// The request that it answered.
    pub request_id: RequestId,
    /// The agent; of a run that an earlier release has claimed it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentName>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<FailureCode>,
    /// How long it took, from its claim on; 0 if it never began.
    pub duration_ms: u64,
    /// How many connections were attached to its session.
    pub connections: usize,
}

impl RunEnded {
    /// What others are told of `run`, which took so long and ended so.
    #[must_use]
    pub fn of(run: &RunKey, agent: Option<AgentName>, ending: &Ending, duration: Duration, connections: usize) -> Self {
        let code = match ending {
            Ending::Failed(failure) => Some(failure.code),
            Ending::Completed | Ending::Stopped => None,
        };
        let RunKey { session: SessionKey { principal, session }, request } = run.clone();
        let duration_ms = millis(duration);
        let outcome = ending.outcome();
        Self { principal, session_id: session, request_id: request, agent, outcome, code, duration_ms, connections }
    }

    /// Counts it among the runs that have ended.
    fn count(&self) {
        let agent = self.agent.as_ref().map_or(UNKNOWN_AGENT, AgentName::as_str);
        metrics::RUNS_ENDED.count(&[agent, self.outcome.as_str()]);
        if let Some(code) = self.code {
            metrics::RUNS_FAILED.count(&[agent, code.as_str()]);
        }
        if self.duration_ms > 0 {
            metrics::RUN_DURATION.took(&[agent], Duration::from_millis(self.duration_ms));
        }
    }

    /// The JSON that others get.
    #[must_use]
    #[expect(clippy::expect_used, reason = "string keys and plain data always serialise")]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("an event is plain data")
    }
}

/// Stands for the agent of a run whose session no longer says. No agent can have this name.
const UNKNOWN_AGENT: &str = "(unknown)";

/// How long an ending waits for others to be told.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells others that a run has ended, and never holds up what comes next.
pub(crate) async fn tell(events: &dyn RunEvents, run: &RunEnded) {
    run.count();
    if timeout(PATIENCE, events.ended(run)).await.is_err() {
        warn!(request = %run.request_id, "nobody could be told in time that a run has ended");
    }
}

/// Tells others. Best effort: it never fails, and an ending never waits for it longer than its caller allows.
#[async_trait]
pub trait RunEvents: Send + Sync {
    /// A run has its ending.
    async fn ended(&self, run: &RunEnded);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

#[async_trait]
impl RunEvents for Nobody {
    async fn ended(&self, _: &RunEnded) {}
}
