//! What a session knows of a run whose agent goes on by itself, after its worker's call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{LeaseId, Session};
use crate::clock::Timestamp;
use crate::protocol::frame::{Ending, Failure, Seq};
use crate::protocol::ids::{AgentName, ReplyRun, RequestId};
use crate::protocol::reply::TokenHash;

/// How long the agent of a detached run counts as alive after its last message. It says something every 20 s.
pub const DETACHED_LEASE: Duration = Duration::from_secs(5 * 60);

/// How long a run may take whose agent goes on by itself: as long as AgentCore lets asynchronous work go on (AgentCore
/// quotas).
pub const MAX_DETACHED_RUN: Duration = Duration::from_secs(8 * 60 * 60);

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
    /// Where the agent's messages go on.
    pub next: NextMessage,
    /// The number of the last frame that the session knows of; the journal may have more.
    pub last_seq: Seq,
    /// Where the last move began: what came since then may not have been pushed.
    pub move_began: MoveBegan,
}

impl Detached {
    /// The beginning: nothing of the agent's messages is here yet. The run has frames up to `last_seq`, with so many
    /// `bytes` of events.
    #[must_use]
    pub fn beginning(last_seq: Seq, bytes: u64) -> Self {
        let next = NextMessage { index: 0, frames: 0, bytes };
        Self { next, last_seq, move_began: MoveBegan { index: 0, seq: last_seq } }
    }
}

/// Where the messages of a detached run's agent go on, behind what has become frames of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NextMessage {
    /// The index of the message that the next frame is from.
    pub index: u64,
    /// How many frames there are of that message already: one message may be more than one segment of the journal.
    pub frames: u64,
    /// How many bytes of events the reply has in all messages before that one.
    pub bytes: u64,
}

/// Where a move of a detached run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveBegan {
    /// The index of its first message.
    pub index: u64,
    /// The frame behind which it began.
    pub seq: Seq,
}

impl Session {
    /// The ending that is due to the run of `request`, if it is detached, whatever its agent says: it is to stop, or has
    /// taken longer than `max_run`.
    #[must_use]
    pub fn due(&self, request: &RequestId, max_run: Duration, now: Timestamp) -> Option<Ending> {
        let active = self.active_run(request).filter(|active| active.detached.is_some())?;
        if self.stops(request) {
            return Some(Ending::Stopped);
        }
        let is_over = now.since(active.started_at) > max_run;
        is_over.then(|| Ending::Failed(Failure::deadline_exceeded()))
    }
}

/// A detached run that has ended, and whose ending nobody has told yet as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// The request that it answered.
    pub request: RequestId,
    /// The number of its terminal frame.
    pub last_seq: Seq,
    /// The frame behind which nothing may have been pushed even to live connections.
    pub live_from: Seq,
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

impl Unstopped {
    /// Up to when it would meet a run that begins; or a stop of it would, that is under way.
    #[must_use]
    pub fn free_at(&self) -> Timestamp {
        self.stopper.as_ref().map_or(self.until, |(_, until)| self.until.max(*until))
    }

    /// Whether it still has to be stopped, and nobody but `stopper` is about to.
    #[must_use]
    pub fn may_be_stopped_by(&self, stopper: &LeaseId, now: Timestamp) -> bool {
        let is_free = self.stopper.as_ref().is_none_or(|(other, until)| other == stopper || *until < now);
        self.until >= now && is_free
    }

    /// Whether `stopper` was the last who began to stop it.
    #[must_use]
    pub fn is_being_stopped_by(&self, stopper: &LeaseId) -> bool {
        self.stopper.as_ref().is_some_and(|(other, _)| other == stopper)
    }
}
