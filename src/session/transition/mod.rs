//! The transitions of a session, as pure functions of its state.
//!
//! [`Transition::check`] is the condition under which a store may write, and [`Transition::change`] is what it writes.
//! An in-memory store calls both under its lock; a table turns them into one conditional update, and on a failed
//! condition asks `check` of the item it got back why.

mod change;
mod check;

use super::{Attachment, Cursor, Detached, Latest, LeaseId, ReplyGrant, Unstopped, Untold};
use crate::clock::Timestamp;
use crate::protocol::frame::Seq;
use crate::protocol::ids::{AgentName, ConnectionId, ReplyRun, RequestId};

/// A change of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// A worker takes a request and attaches the connection that asked.
    Claim {
        /// The request to run.
        request: RequestId,
        /// The worker's new lease.
        lease: LeaseId,
        /// Until when the lease holds.
        until: Timestamp,
        /// The connection that asked.
        connection: ConnectionId,
        /// The agent that answers.
        agent: AgentName,
        /// By what its messages are known, if it may go on by itself.
        reply: Option<ReplyGrant>,
    },
    /// The worker of the active run is still alive.
    Renew {
        /// Its lease.
        lease: LeaseId,
        /// Until when the lease holds now.
        until: Timestamp,
    },
    /// The agent of the active run goes on by itself, and its worker is done.
    DetachRun {
        /// The request that runs.
        request: RequestId,
        /// Its worker's lease.
        lease: LeaseId,
        /// How far it is.
        detached: Detached,
        /// Until when its agent counts as alive.
        until: Timestamp,
    },
    /// The agent of the active run, which is detached, has said more.
    Move {
        /// The run as its agent knows it.
        run: ReplyRun,
        /// How far it was.
        from: Detached,
        /// How far it is now.
        to: Detached,
        /// Until when its agent counts as alive.
        until: Timestamp,
    },
    /// The journal of the active run has its ending.
    Finish {
        /// The request that ended.
        request: RequestId,
        /// The lease of whoever says so.
        lease: LeaseId,
        /// What the session remembers of it.
        latest: Latest,
        /// What its devices have to be told, if it was detached.
        untold: Option<Untold>,
        /// Its agent, if that is still at work and has to be stopped.
        unstopped: Option<Unstopped>,
    },
    /// The devices of the session have been told the ending of a detached run.
    Told {
        /// What the session says of it.
        untold: Untold,
    },
    /// Somebody stops the agent of the run that ended last, and nobody else may for a while: a stop that is late would
    /// end the session's next run.
    BeginStopping {
        /// The run as its agent knows it.
        run: ReplyRun,
        /// Who stops it.
        stopper: LeaseId,
        /// Until when nobody else may.
        until: Timestamp,
    },
    /// The agent of the run that ended last has been stopped.
    Stopped {
        /// The run as its agent knows it.
        run: ReplyRun,
        /// Who stopped it.
        stopper: LeaseId,
    },
    /// Somebody wants a request to end.
    Stop {
        /// The request.
        request: RequestId,
    },
    /// The request of a recorded stop turned out to have ended.
    ForgetStop {
        /// The request.
        request: RequestId,
    },
    /// A connection wants the frames of this session.
    Attach {
        /// The connection.
        connection: ConnectionId,
        /// From where on.
        cursor: Cursor,
    },
    /// A replay to a connection is over: from now on it gets what its cursor says.
    MoveCursor {
        /// The connection.
        connection: ConnectionId,
        /// The cursor that the replay set. If it is another one by now, that is another replay's, or the connection's
        /// new beginning.
        from: Cursor,
        /// When it was attached, if that has to be as it was seen: `from` alone does not tell two attachments apart.
        attached_at: Option<Timestamp>,
        /// Not if this run is detached and has a frame behind this one: whoever moves the cursor has not sent that.
        all_of: Option<(RequestId, Seq)>,
        /// From where on.
        to: Cursor,
    },
    /// A connection is to get nothing more.
    Detach {
        /// The connection.
        connection: ConnectionId,
        /// The attachment that was found wanting: one that came since stays. `None`: the connection has closed.
        seen: Option<Attachment>,
    },
}

/// Why a transition does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Another run, or another worker on the same run, has the session.
    Occupied,
    /// The agent of the run that ended last has to be stopped first, or is being stopped by somebody else.
    Unstopped,
    /// The lease is no longer the session's, or holds for longer already.
    LeaseLost,
    /// The run is to stop.
    ToStop,
    /// Somebody else has moved the run on, or has ended it.
    Moved,
    /// The session has as many connections as it may.
    TooManyConnections,
    /// The session has as many recorded stops as it may.
    TooManyStops,
    /// The connection's attachment is not the one that was seen: it has been attached anew, or is gone.
    Reattached,
}
