//! What each transition changes.

use super::Transition;
use crate::clock::Timestamp;
use crate::protocol::ids::ConnectionId;
use crate::session::{Active, Attachment, Cursor, Session};

impl Transition {
    /// Changes `session`, to which this transition applies.
    pub fn change(&self, session: &mut Session, now: Timestamp) {
        match self {
            Self::Claim { request, lease, until, connection, agent, reply } => {
                session.active = Some(Active {
                    request: request.clone(),
                    lease: lease.clone(),
                    lease_until: *until,
                    started_at: now,
                    agent: Some(agent.clone()),
                    reply: reply.clone(),
                    detached: None,
                });
                session.unstopped = None;
                let new = || Attachment { cursor: Cursor::Live, attached_at: now };
                session.connections.entry(connection.clone()).or_insert_with(new);
            }
            Self::Renew { until, .. } => {
                if let Some(active) = &mut session.active {
                    active.lease_until = *until;
                }
            }
            Self::DetachRun { detached, until, .. } | Self::Move { to: detached, until, .. } => {
                if let Some(active) = &mut session.active {
                    active.detached = Some(*detached);
                    active.lease_until = *until;
                }
            }
            Self::Finish { request, latest, untold, unstopped, .. } => {
                session.active = None;
                session.latest = Some(latest.clone());
                session.unstopped = unstopped.clone();
                // A run that was not detached leaves what has yet to be told of one that was.
                if untold.is_some() {
                    session.untold = untold.clone();
                }
                session.stops.remove(request);
            }
            Self::Told { .. } => session.untold = None,
            Self::BeginStopping { stopper, until, .. } => {
                if let Some(unstopped) = &mut session.unstopped {
                    unstopped.stopper = Some((stopper.clone(), *until));
                }
            }
            Self::Stopped { .. } => session.unstopped = None,
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

/// Attaching once more moves no cursor, unless it brings one: a replay under way must not lose its place.
fn attach(session: &mut Session, connection: &ConnectionId, cursor: &Cursor, now: Timestamp) {
    let attachment =
        session.connections.entry(connection.clone()).or_insert(Attachment { cursor: Cursor::Live, attached_at: now });
    attachment.attached_at = now;
    if *cursor != Cursor::Live {
        attachment.cursor = cursor.clone();
    }
}
