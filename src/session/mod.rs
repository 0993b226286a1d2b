//! A session: one conversation of one principal, and the connections that watch it.
//!
//! The [`Session`] is an aggregate. It changes only by a [`Transition`](transition::Transition), and each transition is
//! one conditional write, so that what a transition means can be read off the item that the write returns. The session
//! orders runs (one at a time); which run happened, and how it ended, is decided by its journal.

mod attachment;
mod detached;
#[cfg(feature = "dynamodb")]
pub(crate) mod dynamodb;
pub mod memory;
pub(crate) mod room;
pub mod runtime_id;
pub mod store;
pub mod transition;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest;
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::{AgentName, ConnectionId, Principal, ReplyRun, RequestId, SessionId};

pub(crate) use attachment::Place;
pub use attachment::{Attachment, Attachments, Cursor, HOLD, ReplayId};
pub use detached::{DETACHED_LEASE, Detached, MAX_DETACHED_RUN, MoveBegan, NextMessage, ReplyGrant, Unstopped, Untold};

/// How many connections one session may have: it keeps the item small, for a table charges for its size.
pub const MAX_CONNECTIONS: usize = 32;

/// How many stops of requests that have not started a session remembers.
pub const MAX_STOPS: usize = 16;

/// How long a session is remembered after it was last used; longer than any journal, so that a request whose journal
/// is gone is known to be gone.
pub const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// A connection lives two hours at most (Amazon API Gateway quotas); its record a little longer.
pub(crate) const CONNECTION_RETENTION: Duration = Duration::from_secs(3 * 60 * 60);

/// Which session: the pair of principal and session id. A client can only ever name its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// Who the session belongs to.
    pub principal: Principal,
    /// What its owner calls it.
    pub session: SessionId,
}

impl SessionKey {
    /// A name for logs that tells sessions apart and gives none away: where nobody authenticates, the session id is a
    /// secret.
    #[must_use]
    pub fn log_name(&self) -> String {
        let mut name = digest::short_hex(&[self.principal.as_str(), self.session.as_str()]);
        name.truncate(12);
        name
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionKey({})", self.log_name())
    }
}

/// Which run: the pair of session and request id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunKey {
    /// The session of the run.
    pub session: SessionKey,
    /// The request that it answers.
    pub request: RequestId,
}

/// Proof of who runs a session's active run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(pub String);

/// The run that has the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// The request that runs.
    pub request: RequestId,
    /// Whose run it is.
    pub lease: LeaseId,
    /// Until when its worker, or the agent that goes on by itself, counts as alive.
    pub lease_until: Timestamp,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// The agent that answers; earlier releases did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentName>,
    /// By what the messages of its agent are known, if that may go on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyGrant>,
    /// How far it is, if its agent goes on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detached: Option<Detached>,
}

impl Active {
    /// Whether its worker, or the agent that goes on by itself, has to be taken for dead.
    #[must_use]
    pub fn is_orphan(&self, now: Timestamp) -> bool {
        self.lease_until < now
    }
}

/// The run that ended last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// The request it answered.
    pub request: RequestId,
    /// How it ended.
    pub outcome: Outcome,
    /// The number of its terminal frame.
    pub last_seq: Seq,
}

/// What a session says of one of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Its run has the session, and whoever goes on with it counts as alive.
    Runs(&'a Active),
    /// Its run has the session, and whoever went on with it has to be taken for dead.
    Orphaned,
    /// Its run does not have the session: it has not begun, or is over.
    Absent,
}

/// The state of a session. One that nobody has used is [`Session::default`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The connections that get the frames of its runs.
    pub connections: Attachments,
    /// The run that has the session, if any.
    pub active: Option<Active>,
    /// The run that ended last, if any.
    pub latest: Option<Latest>,
    /// The detached run that ended last, if its devices may not have been told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<Untold>,
    /// The agent of that run, if it has to be stopped before the next prompt may reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstopped: Option<Unstopped>,
    /// Requests that are to stop, and since when.
    pub stops: BTreeMap<RequestId, Timestamp>,
}

impl Session {
    /// Whether `request` is to stop.
    #[must_use]
    pub fn stops(&self, request: &RequestId) -> bool {
        self.stops.contains_key(request)
    }

    /// The active run, if it is that of `request`.
    #[must_use]
    pub fn active_run(&self, request: &RequestId) -> Option<&Active> {
        self.active.as_ref().filter(|active| active.request == *request)
    }

    /// How far the run of `request` is, if it is the active one and detached.
    #[must_use]
    pub fn detached_run(&self, request: &RequestId) -> Option<&Detached> {
        self.active_run(request).and_then(|active| active.detached.as_ref())
    }

    /// The active run, if its agent knows it as `run`.
    #[must_use]
    pub fn active_reply(&self, run: &ReplyRun) -> Option<&Active> {
        self.active.as_ref().filter(|active| active.reply.as_ref().is_some_and(|reply| reply.run == *run))
    }

    /// The agent that has to be stopped, if it knows its run as `run`.
    #[must_use]
    pub fn unstopped_reply(&self, run: &ReplyRun) -> Option<&Unstopped> {
        self.unstopped.as_ref().filter(|unstopped| unstopped.reply.run == *run)
    }

    /// The agent that has to be stopped before a run may begin.
    #[must_use]
    pub fn unstopped_agent(&self, now: Timestamp) -> Option<&Unstopped> {
        self.unstopped.as_ref().filter(|unstopped| unstopped.free_at() >= now)
    }

    /// By what the messages of `run` are known, while they have to be heard: it is active, or its agent has to be stopped.
    #[must_use]
    pub fn reply_grant(&self, run: &ReplyRun) -> Option<&ReplyGrant> {
        let active = self.active_reply(run).and_then(|active| active.reply.as_ref());
        active.or_else(|| self.unstopped_reply(run).map(|unstopped| &unstopped.reply))
    }

    /// Whether the run of `request` has the session, and whether its worker lives.
    #[must_use]
    pub fn standing(&self, request: &RequestId, now: Timestamp) -> Standing<'_> {
        match self.active_run(request) {
            Some(active) if active.is_orphan(now) => Standing::Orphaned,
            Some(active) => Standing::Runs(active),
            None => Standing::Absent,
        }
    }

    /// What has to be told of the run of `request`, if nobody has told it yet.
    #[must_use]
    pub fn untold_run(&self, request: &RequestId) -> Option<&Untold> {
        self.untold.as_ref().filter(|untold| untold.request == *request)
    }

    /// The connection that was attached first, and its attachment.
    #[must_use]
    pub fn attached_first(&self) -> Option<(&ConnectionId, &Attachment)> {
        self.connections.iter().min_by_key(|(_, attachment)| attachment.attached_at)
    }

    /// Whether the lease on the active run is `lease`.
    #[must_use]
    pub fn is_leased_to(&self, lease: &LeaseId) -> bool {
        self.active.as_ref().is_some_and(|active| active.lease == *lease)
    }
}
