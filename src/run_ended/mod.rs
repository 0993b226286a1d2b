//! Telling others that a run has ended, for who is not connected.

#[cfg(feature = "eventbridge")]
pub mod event_bridge;
#[cfg(feature = "local")]
pub mod webhook;

use async_trait::async_trait;
use serde::Serialize;

use crate::protocol::frame::{FailureCode, Outcome};
use crate::protocol::ids::{AgentName, Principal, RequestId, SessionId};

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
    /// The JSON that others get.
    #[must_use]
    #[expect(clippy::expect_used, reason = "string keys and plain data always serialise")]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("an event is plain data")
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
