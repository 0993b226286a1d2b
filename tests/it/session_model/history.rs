//! The model: what a session is, and what it must accept next, derived from all that it accepted.

use std::collections::{BTreeMap, BTreeSet};

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::{ConnectionId, RequestId};
use agentcore_gateway::session::transition::{Refusal, Transition};
use agentcore_gateway::session::{
    Active, Attachment, Attachments, Cursor, Latest, LeaseId, Session, Unstopped, Untold,
};

use super::{CONNECTIONS, NAMES, STOPS, connection, request};

/// What the session accepted, in order, and when.
#[derive(Default)]
pub struct History(pub Vec<(Timestamp, Transition)>);

impl History {
    /// What was accepted behind the last transition that `is_end`, or all.
    fn behind(&self, is_end: impl Fn(&Transition) -> bool) -> &[(Timestamp, Transition)] {
        let end = self.0.iter().rposition(|(_, transition)| is_end(transition));
        &self.0[end.map_or(0, |at| at + 1)..]
    }

    /// Who claimed last, unless it was finished; until when: as the claim says, or the last renewal.
    fn holder(&self) -> Option<Active> {
        let open = self.behind(|transition| matches!(transition, Transition::Finish { .. }));
        open.iter().fold(None, |holder: Option<Active>, (at, transition)| match (transition, holder) {
            (Transition::Claim { request, lease, until, agent, reply, .. }, _) => Some(Active {
                request: request.clone(),
                lease: lease.clone(),
                lease_until: *until,
                started_at: *at,
                agent: Some(agent.clone()),
                reply: reply.clone(),
                detached: None,
            }),
            (Transition::Renew { until, .. }, Some(holder)) => Some(Active { lease_until: *until, ..holder }),
            (
                Transition::DetachRun { detached, until, .. } | Transition::Move { to: detached, until, .. },
                Some(holder),
            ) => Some(Active { lease_until: *until, detached: Some(*detached), ..holder }),
            (_, holder) => holder,
        })
    }

    /// What finished last.
    fn latest(&self) -> Option<Latest> {
        self.0.iter().rev().find_map(|(_, transition)| match transition {
            Transition::Finish { latest, .. } => Some(latest.clone()),
            _ => None,
        })
    }

    /// The detached run that finished last, unless its ending was told since.
    fn untold(&self) -> Option<Untold> {
        self.0.iter().fold(None, |untold, (_, transition)| match transition {
            Transition::Finish { untold: Some(untold), .. } => Some(untold.clone()),
            Transition::Told { .. } => None,
            _ => untold,
        })
    }

    /// The agent that the run that finished last has left at work, unless it was stopped since, or a run began.
    fn unstopped(&self) -> Option<Unstopped> {
        self.0.iter().fold(None, |unstopped: Option<Unstopped>, (_, transition)| match (transition, unstopped) {
            (Transition::Finish { unstopped, .. }, _) => unstopped.clone(),
            (Transition::Claim { .. } | Transition::Stopped { .. }, _) => None,
            (Transition::BeginStopping { stopper, until, .. }, Some(unstopped)) => {
                Some(Unstopped { stopper: Some((stopper.clone(), *until)), ..unstopped })
            }
            (_, unstopped) => unstopped,
        })
    }

    /// Since when `request` is to stop, unless it has finished since, or the stop was forgotten.
    fn stop(&self, request: &RequestId) -> Option<Timestamp> {
        let open = self.behind(|transition| match transition {
            Transition::Finish { request: over, .. } | Transition::ForgetStop { request: over } => over == request,
            _ => false,
        });
        let mut stops = open.iter().filter(|(_, it)| matches!(it, Transition::Stop { request: to } if to == request));
        stops.next().map(|(at, _)| *at)
    }

    /// Since when `connection` is attached, unless it was detached since; with the last cursor that it brought.
    fn attachment(&self, connection: &ConnectionId) -> Option<Attachment> {
        let open = self.behind(|it| matches!(it, Transition::Detach { connection: gone, .. } if gone == connection));
        let concerns = |transition: &Transition| match transition {
            Transition::Claim { connection: it, .. }
            | Transition::Attach { connection: it, .. }
            | Transition::MoveCursor { connection: it, .. } => it == connection,
            _ => false,
        };
        let own: Vec<_> = open.iter().filter(|(_, transition)| concerns(transition)).collect();
        let (first, _) = own.first()?;
        let coming = own.iter().rev().find(|(_, transition)| matches!(transition, Transition::Attach { .. }));
        let attached_at = coming.map_or(*first, |(at, _)| *at);
        let cursor = own.iter().rev().find_map(|(_, transition)| match transition {
            Transition::Attach { cursor, .. } if *cursor != Cursor::Live => Some(cursor.clone()),
            Transition::MoveCursor { to, .. } => Some(to.clone()),
            _ => None,
        });
        Some(Attachment { cursor: cursor.unwrap_or(Cursor::Live), attached_at })
    }

    /// What the session is.
    pub fn session(&self) -> Session {
        let (mut connections, mut stops) = (Attachments::new(), BTreeMap::new());
        for name in 0..NAMES {
            connections.extend(self.attachment(&connection(name)).map(|found| (connection(name), found)));
            stops.extend(self.stop(&request(name)).map(|since| (request(name), since)));
        }
        Session {
            connections,
            active: self.holder(),
            latest: self.latest(),
            untold: self.untold(),
            unstopped: self.unstopped(),
            stops,
        }
    }

    /// Whether a session with this history has to refuse `transition`, and why.
    pub fn refusal(&self, session: &Session, transition: &Transition, now: Timestamp) -> Option<Refusal> {
        let is_stranger = |connection| self.attachment(connection).is_none();
        let no_room = |connection| is_stranger(connection) && session.connections.len() == CONNECTIONS;
        match transition {
            Transition::Claim { connection, .. } => match self.holder() {
                Some(_) => Some(Refusal::Occupied),
                None if self.unstopped().is_some_and(|unstopped| is_in_the_way(&unstopped, now)) => {
                    Some(Refusal::Unstopped)
                }
                None => no_room(connection).then_some(Refusal::TooManyConnections),
            },
            Transition::Attach { connection, .. } => no_room(connection).then_some(Refusal::TooManyConnections),
            Transition::Renew { lease, .. } => {
                let is_holder = self.holder().is_some_and(|holder| holder.lease == *lease);
                (!is_holder).then_some(Refusal::LeaseLost)
            }
            Transition::Finish { request, lease, .. } => {
                let holder = self.holder().filter(|holder| holder.request == *request);
                let may_end = holder.is_some_and(|holder| {
                    holder.lease == *lease || holder.detached.is_some() || now > holder.lease_until
                });
                (!may_end).then_some(Refusal::LeaseLost)
            }
            Transition::Stop { request } => {
                let runs = self.holder().is_some_and(|holder| holder.request == *request);
                let no_room = self.stop(request).is_none() && session.stops.len() >= STOPS && !runs;
                no_room.then_some(Refusal::TooManyStops)
            }
            Transition::DetachRun { request, lease, .. } => {
                let holder = self.holder().filter(|holder| holder.request == *request && holder.lease == *lease);
                match holder {
                    Some(Active { detached: None, .. }) => self.stop(request).map(|_| Refusal::ToStop),
                    _ => Some(Refusal::LeaseLost),
                }
            }
            Transition::Move { run, from, .. } => {
                let holder =
                    self.holder().filter(|holder| holder.reply.as_ref().is_some_and(|reply| reply.run == *run));
                let is = holder.and_then(|holder| holder.detached).map(|is| (is.next.index, is.last_seq));
                (is != Some((from.next.index, from.last_seq))).then_some(Refusal::Moved)
            }
            Transition::Told { untold } => (self.untold().as_ref() != Some(untold)).then_some(Refusal::Moved),
            Transition::BeginStopping { run, stopper, .. } => match self.unstopped() {
                Some(unstopped) if unstopped.reply.run == *run => {
                    let is_free = unstopped.stopper.as_ref().is_none_or(|(by, until)| by == stopper || now > *until);
                    let refusal = if is_in_the_way(&unstopped, now) { Refusal::Unstopped } else { Refusal::Moved };
                    (now > unstopped.until || !is_free).then_some(refusal)
                }
                _ => Some(Refusal::Moved),
            },
            Transition::Stopped { run, stopper } => {
                let unstopped = self.unstopped().filter(|unstopped| unstopped.reply.run == *run);
                let by = unstopped.and_then(|unstopped| unstopped.stopper).map(|(by, _)| by);
                (by.as_ref() != Some(stopper)).then_some(Refusal::Moved)
            }
            Transition::MoveCursor { connection, from, attached_at, all_of, .. } => {
                let attachment = self.attachment(connection).filter(|attachment| attachment.cursor == *from);
                let stands = attachment.is_some_and(|is| attached_at.is_none_or(|at| at == is.attached_at));
                let holder = self.holder();
                let is_behind = all_of.as_ref().zip(holder).is_some_and(|((request, seq), holder)| {
                    holder.request == *request && holder.detached.is_some_and(|detached| detached.last_seq > *seq)
                });
                if stands { is_behind.then_some(Refusal::Moved) } else { Some(Refusal::Reattached) }
            }
            Transition::Detach { connection, seen: Some(seen) } => {
                (self.attachment(connection).as_ref() != Some(seen)).then_some(Refusal::Reattached)
            }
            Transition::ForgetStop { .. } | Transition::Detach { seen: None, .. } => None,
        }
    }

    /// What holds of every history, however it came about.
    pub fn keeps_the_invariants(&self) {
        let (mut holder, mut unstopped): (Option<Holder<'_>>, Option<Unstopped>) = (None, None);
        let mut connections = BTreeSet::new();
        for (at, transition) in &self.0 {
            match (transition, holder) {
                (Transition::Claim { request, lease, until, connection, .. }, None) => {
                    let in_the_way = unstopped.take().filter(|unstopped| is_in_the_way(unstopped, *at));
                    assert_eq!(in_the_way, None, "{transition:?} would meet an agent that is still at work");
                    holder = Some(Holder { request, lease, until: *until, is_detached: false });
                    connections.insert(connection);
                }
                (Transition::Claim { .. }, Some(holder)) => panic!("{transition:?} took the session of {holder:?}"),
                (Transition::Renew { lease, until }, Some(owner)) if lease == owner.lease => {
                    holder = Some(Holder { until: *until, ..owner });
                }
                (Transition::DetachRun { request, lease, until, .. }, Some(owner))
                    if (request, lease, false) == (owner.request, owner.lease, owner.is_detached) =>
                {
                    holder = Some(Holder { until: *until, is_detached: true, ..owner });
                }
                (Transition::Move { until, .. }, Some(owner)) if owner.is_detached => {
                    holder = Some(Holder { until: *until, ..owner });
                }
                (Transition::Finish { request, lease, unstopped: left, .. }, Some(owner))
                    if request == owner.request && (lease == owner.lease || owner.is_detached || *at > owner.until) =>
                {
                    (holder, unstopped) = (None, left.clone());
                }
                (Transition::BeginStopping { stopper, until, .. }, None) => {
                    let unstopped = unstopped.as_mut().expect("there is an agent to stop");
                    unstopped.stopper = Some((stopper.clone(), *until));
                }
                (Transition::Stopped { .. }, None) => unstopped = None,
                (Transition::Told { .. }, _) => {}
                (Transition::Attach { connection, .. }, _) => _ = connections.insert(connection),
                (Transition::Detach { connection, .. }, _) => _ = connections.remove(connection),
                (Transition::MoveCursor { connection, .. }, _) => assert!(connections.contains(connection)),
                (Transition::Stop { .. } | Transition::ForgetStop { .. }, _) => {}
                (_, holder) => panic!("{transition:?} while {holder:?} had the session"),
            }
            assert!(connections.len() <= CONNECTIONS, "{} connections", connections.len());
        }
    }
}

/// Whose the session is.
#[derive(Debug, Clone, Copy)]
struct Holder<'a> {
    request: &'a RequestId,
    lease: &'a LeaseId,
    until: Timestamp,
    is_detached: bool,
}

/// Whether a run that begins now could meet the agent of the one before, or the stop that is meant for that.
fn is_in_the_way(unstopped: &Unstopped, now: Timestamp) -> bool {
    now <= unstopped.until || unstopped.stopper.as_ref().is_some_and(|(_, until)| now <= *until)
}
