//! The condition under which each transition applies.

use super::{Refusal, Transition};
use crate::clock::Timestamp;
use crate::protocol::frame::Seq;
use crate::protocol::ids::{ConnectionId, RequestId};
use crate::session::{Attachment, Detached, MAX_CONNECTIONS, MAX_STOPS, Session, Unstopped};

impl Transition {
    /// Whether this transition applies to `session`.
    ///
    /// # Errors
    /// The [`Refusal`] if it does not.
    pub fn check(&self, session: &Session, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::Claim { connection, .. } => match &session.active {
                Some(_) => Err(Refusal::Occupied),
                None if session.unstopped_agent(now).is_some() => Err(Refusal::Unstopped),
                None => room_for(session, connection),
            },
            // A renewal that was sent before another one may arrive behind it.
            Self::Renew { lease, until } => match &session.active {
                Some(active) if active.lease == *lease && active.lease_until <= *until => Ok(()),
                _ => Err(Refusal::LeaseLost),
            },
            Self::DetachRun { request, lease, .. } => match session.active_run(request) {
                Some(active) if active.lease == *lease && active.detached.is_none() => {
                    if session.stops(request) {
                        Err(Refusal::ToStop)
                    } else {
                        Ok(())
                    }
                }
                _ => Err(Refusal::LeaseLost),
            },
            Self::Move { run, from, .. } => {
                let detached = session.active_reply(run).and_then(|active| active.detached);
                let is_as_seen = |is: Detached| (is.next.index, is.last_seq) == (from.next.index, from.last_seq);
                if detached.is_some_and(is_as_seen) { Ok(()) } else { Err(Refusal::Moved) }
            }
            // A detached run is nobody's: whoever knows that it has its ending may say so.
            Self::Finish { request, lease, .. } => match session.active_run(request) {
                Some(active) if active.lease == *lease || active.detached.is_some() || active.is_orphan(now) => Ok(()),
                _ => Err(Refusal::LeaseLost),
            },
            Self::Told { untold } if session.untold.as_ref() == Some(untold) => Ok(()),
            Self::Told { .. } => Err(Refusal::Moved),
            Self::BeginStopping { run, stopper, .. } => match session.unstopped_reply(run) {
                Some(unstopped) if unstopped.may_be_stopped_by(stopper, now) => Ok(()),
                Some(unstopped) if unstopped.free_at() >= now => Err(Refusal::Unstopped),
                _ => Err(Refusal::Moved),
            },
            Self::Stopped { run, stopper } => {
                let is_stopper = |unstopped: &Unstopped| unstopped.is_being_stopped_by(stopper);
                if session.unstopped_reply(run).is_some_and(is_stopper) { Ok(()) } else { Err(Refusal::Moved) }
            }
            // However many others are to stop, the one that runs can be.
            Self::Stop { request } => {
                let has_room = session.stops(request) || session.stops.len() < MAX_STOPS;
                if has_room || session.active_run(request).is_some() { Ok(()) } else { Err(Refusal::TooManyStops) }
            }
            Self::Attach { connection, .. } => room_for(session, connection),
            Self::MoveCursor { connection, from, attached_at, all_of, .. } => {
                let is_as_seen = |is: &Attachment| {
                    is.cursor == *from && attached_at.is_none_or(|attached_at| is.attached_at == attached_at)
                };
                same(session.connections.get(connection).is_some_and(is_as_seen))?;
                let is_behind = |(request, seq): &(RequestId, Seq)| {
                    session.detached_run(request).is_some_and(|detached| detached.last_seq > *seq)
                };
                if all_of.as_ref().is_some_and(is_behind) { Err(Refusal::Moved) } else { Ok(()) }
            }
            Self::Detach { connection, seen: Some(seen) } => same(session.connections.get(connection) == Some(seen)),
            Self::ForgetStop { .. } | Self::Detach { seen: None, .. } => Ok(()),
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
