//! The transitions of a session, as pure functions of its state.
//!
//! [`Transition::check`] is the condition under which a store may write, and [`Transition::change`] is what it writes.
//! An in-memory store calls both under its lock; a table turns them into one conditional update, and on a failed
//! condition asks `check` of the item it got back why.

use super::{Active, Attachment, Cursor, Latest, LeaseId, MAX_CONNECTIONS, MAX_STOPS, Session};
use crate::clock::Timestamp;
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::{ConnectionId, RequestId};

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
    },
    /// The worker of the active run is still alive.
    Renew {
        /// Its lease.
        lease: LeaseId,
        /// Until when the lease holds now.
        until: Timestamp,
    },
    /// The journal of the active run has its ending.
    Finish {
        /// The request that ended.
        request: RequestId,
        /// The lease of whoever says so.
        lease: LeaseId,
        /// How it ended.
        outcome: Outcome,
        /// The number of its terminal frame.
        last_seq: Seq,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Another run, or another worker on the same run, has the session.
    Occupied(Active),
    /// The lease is no longer the session's, or holds for longer already.
    LeaseLost,
    /// The session has as many connections as it may.
    TooManyConnections,
    /// The session has as many recorded stops as it may.
    TooManyStops,
    /// The connection's attachment is not the one that was seen: it has been attached anew, or is gone.
    Reattached,
}

impl Transition {
    /// Whether this transition applies to `session`.
    ///
    /// # Errors
    /// The [`Refusal`] if it does not.
    pub fn check(&self, session: &Session, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::Claim { connection, .. } => match &session.active {
                Some(active) => Err(Refusal::Occupied(active.clone())),
                None => room_for(session, connection),
            },
            // A renewal that was sent before another one may arrive behind it.
            Self::Renew { lease, until } => match &session.active {
                Some(active) if active.lease == *lease && active.lease_until <= *until => Ok(()),
                _ => Err(Refusal::LeaseLost),
            },
            Self::Finish { request, lease, .. } => match session.active_run(request) {
                Some(active) if active.lease == *lease || active.is_orphan(now) => Ok(()),
                _ => Err(Refusal::LeaseLost),
            },
            Self::Stop { request } if session.stops(request) || session.stops.len() < MAX_STOPS => Ok(()),
            Self::Stop { .. } => Err(Refusal::TooManyStops),
            Self::Attach { connection, .. } => room_for(session, connection),
            Self::MoveCursor { connection, from, .. } => {
                same(session.connections.get(connection).is_some_and(|attachment| attachment.cursor == *from))
            }
            Self::Detach { connection, seen: Some(seen) } => same(session.connections.get(connection) == Some(seen)),
            Self::ForgetStop { .. } | Self::Detach { seen: None, .. } => Ok(()),
        }
    }

    /// Changes `session`, to which this transition applies.
    pub fn change(&self, session: &mut Session, now: Timestamp) {
        match self {
            Self::Claim { request, lease, until, connection } => {
                session.active = Some(Active {
                    request: request.clone(),
                    lease: lease.clone(),
                    lease_until: *until,
                    started_at: now,
                    agent: None,
                    reply: None,
                    detached: None,
                });
                let new = || Attachment { cursor: Cursor::Live, attached_at: now };
                session.connections.entry(connection.clone()).or_insert_with(new);
            }
            Self::Renew { until, .. } => {
                if let Some(active) = &mut session.active {
                    active.lease_until = *until;
                }
            }
            Self::Finish { request, outcome, last_seq, .. } => {
                session.active = None;
                session.latest = Some(Latest { request: request.clone(), outcome: *outcome, last_seq: *last_seq });
                session.stops.remove(request);
            }
            Self::Stop { request } => {
                session.stops.entry(request.clone()).or_insert(now);
            }
            Self::ForgetStop { request } => {
                session.stops.remove(request);
            }
            Self::Attach { connection, cursor } => attach(session, connection, cursor, now),
            Self::MoveCursor { connection, to, .. } => {
                if let Some(attachment) = session.connections.get_mut(connection) {
                    attachment.cursor = to.clone();
                }
            }
            Self::Detach { connection, .. } => {
                session.connections.remove(connection);
            }
        }
    }
}

fn room_for(session: &Session, connection: &ConnectionId) -> Result<(), Refusal> {
    if session.connections.contains_key(connection) || session.connections.len() < MAX_CONNECTIONS {
        Ok(())
    } else {
        Err(Refusal::TooManyConnections)
    }
}

fn same(is_same: bool) -> Result<(), Refusal> {
    if is_same { Ok(()) } else { Err(Refusal::Reattached) }
}

/// Attaching once more moves no cursor, unless it brings one: a replay under way must not lose its place.
fn attach(session: &mut Session, connection: &ConnectionId, cursor: &Cursor, now: Timestamp) {
    let attachment =
        session.connections.entry(connection.clone()).or_insert(Attachment { cursor: Cursor::Live, attached_at: now });
    attachment.attached_at = now;
    if *cursor != Cursor::Live {
        attachment.cursor = cursor.clone();
    }
}
