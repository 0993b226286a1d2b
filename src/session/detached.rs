//! What a session knows of a run whose agent goes on by itself, after its worker's call.

use serde::{Deserialize, Serialize};

use super::LeaseId;
use crate::clock::Timestamp;
use crate::protocol::frame::Seq;
use crate::protocol::ids::{AgentName, ReplyRun};
use crate::protocol::reply::TokenHash;

/// By what the messages of a run's agent are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyGrant {
    /// The run as its agent knows it.
    pub run: ReplyRun,
    /// The hash of its secret.
    pub token: TokenHash,
}

/// How far a detached run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detached {
    /// The index of the agent's message that comes next.
    pub next_index: u64,
    /// The number of the last frame that the session knows of; the journal may have more.
    pub last_seq: Seq,
    /// How many bytes of events the reply has so far.
    pub bytes: u64,
    /// Where the last move began: what came since then may not have been pushed.
    pub move_began: MoveBegan,
}

/// Where a move of a detached run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveBegan {
    /// The index of its first message.
    pub index: u64,
    /// The frame behind which it began.
    pub seq: Seq,
}

/// The agent of a run that has ended without it: it is still at work, and has to be stopped before the session's next
/// prompt may reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unstopped {
    /// The agent.
    pub agent: AgentName,
    /// By what its messages are known.
    pub reply: ReplyGrant,
    /// After this it counts as gone: it would have to say something before.
    pub until: Timestamp,
    /// Who is stopping it, and until when nobody else may.
    pub stopper: Option<(LeaseId, Timestamp)>,
}
