//! Leaving a run to its agent, which goes on by itself: from here on the relay has the run.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use super::deadline::{Deadline, in_time};
use super::deliver::Delivered;
use super::run::{Lost, Run, Worked};
use crate::backoff::persist;
use crate::choices::OnStop;
use crate::journal::Segment;
use crate::protocol::frame::Ending;
use crate::protocol::ids::ConnectionId;
use crate::protocol::reply::GatewayReply;
use crate::queue::watch::Watch;
use crate::recovery::{Behind, STOPPER_LEASE};
use crate::session::store::Refused;
use crate::session::transition::{Refusal, Transition};
use crate::session::{Attachment, Cursor, DETACHED_LEASE, Detached, Place, ReplyGrant, Session, Unstopped};

/// A queue that is well takes a message within this: then a run can be left also when its worker's deadline is close.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Leaves the run to its agent, which has said so many bytes of events so far. All frames are durable, and
    /// `delivered` says who has taken them.
    pub(super) async fn hand_over(
        &self,
        bytes: usize,
        delivered: Delivered,
        deadline: &Deadline,
    ) -> Result<Worked, Lost> {
        for device in self.places(delivered).await {
            self.note_place(device).await;
        }
        let watch = Watch { run: self.prompt.run.clone() };
        let at_once = timeout(AT_ONCE, self.tools.watches.send(&watch)).await;
        if !matches!(at_once, Ok(Ok(()))) {
            let watched = persist("a run could not be given to the watch", || self.tools.watches.send(&watch));
            // Nothing is pushed meanwhile, so it must neither hold up a stop nor come to the worker's deadline.
            tokio::select! {
                biased;
                ending = self.ended_early(deadline) => return self.end_here(ending, deadline).await,
                () = watched => {}
            }
        }
        let detached = Detached::beginning(self.log.last(), bytes as u64);
        match self.detach_run(detached).await {
            Ok(()) => Ok(Worked::Detached),
            // The answer to an earlier attempt was lost.
            Err(Refused { session, .. })
                if session.is_leased_to(&self.lease) && session.detached_run(&self.prompt.run.request).is_some() =>
            {
                Ok(Worked::Detached)
            }
            Err(Refused { refusal: Refusal::ToStop, .. }) => self.end_here(Ending::Stopped, deadline).await,
            Err(_) => Err(Lost::Lease),
        }
    }

    /// The places that the session does not know: of devices that are slow, of those that have come since it was last seen
    /// who is there, and of those that came with a place of their own and have more by now. Who comes behind this lacks
    /// nothing, for the worker writes no more.
    async fn places(&self, Delivered { mut places, known, live_from }: Delivered) -> Vec<Behind> {
        let load = || self.tools.sessions.load(&self.prompt.run.session, self.tools.clock.now());
        let session = persist("the session could not be read", load).await;
        let place_of = |attachment: &Attachment| attachment.place_in(&self.prompt.run.request);
        let is_new = |(connection, attachment): &(ConnectionId, Attachment)| {
            known.get(connection) != Some(attachment) && place_of(attachment) == Place::Live
        };
        let new = session.connections.into_iter().filter(is_new);
        places.extend(new.map(|(connection, attachment)| Behind { connection, attachment, taken: live_from }));
        places.retain(|device| match place_of(&device.attachment) {
            // Of a replay that has died this worker has sent the rest.
            Place::After(seq) | Place::Held { after: seq, .. } => seq != device.taken,
            Place::Live => device.taken < self.log.last(),
        });
        places
    }

    async fn detach_run(&self, detached: Detached) -> Result<(), Refused> {
        let apply = async || {
            let now = self.tools.clock.now();
            let (request, lease) = (self.prompt.run.request.clone(), self.lease.clone());
            let detach = Transition::DetachRun { request, lease, detached, until: now.after(DETACHED_LEASE) };
            self.tools.sessions.apply(&self.prompt.run.session, &detach, now).await
        };
        persist("a run could not be detached", apply).await.map(|_| ())
    }

    /// Writes down up to where a device has the run. Refused: it has been attached anew, and has another place.
    async fn note_place(&self, Behind { connection, attachment, taken }: Behind) {
        let now = self.tools.clock.now();
        let request = self.prompt.run.request.clone();
        let to = Cursor::After { request, seq: taken, tried_at: Some(now), failing_since: None };
        let (from, attached_at) = (attachment.cursor, Some(attachment.attached_at));
        let note = Transition::MoveCursor { connection, from, attached_at, all_of: None, to };
        let apply = || self.tools.sessions.apply(&self.prompt.run.session, &note, self.tools.clock.now());
        let _ = persist("a device's place could not be written down", apply).await;
    }

    /// Ends a run that is not to be detached after all. The devices have all before the ending, but for those whose places
    /// were written down.
    async fn end_here(&self, ending: Ending, deadline: &Deadline) -> Result<Worked, Lost> {
        let (seq, outcome) = (self.log.last() + 1, ending.outcome());
        let segment = Segment::of(Arc::new(self.maker.ending(seq, &ending)));
        let _ = self.ending.set(ending);
        self.append(&segment).await?;
        let session = self.free_session(outcome, seq, self.unstopped()).await?;
        let announced = self.tools.recovery().announce(&self.prompt.run, &session, seq);
        let (behind, ()) = tokio::join!(announced, self.stop_unstopped(&session, deadline));
        Ok(Worked::Ended(outcome, behind.into()))
    }

    /// Its agent, which goes on by itself, if that is to be stopped.
    fn unstopped(&self) -> Option<Unstopped> {
        let GatewayReply { run, token, .. } = self.reply.as_ref()?;
        let reply = ReplyGrant { run: run.clone(), token: token.hash() };
        let until = self.tools.clock.now().after(DETACHED_LEASE);
        let unstopped = Unstopped { agent: self.prompt.agent.clone(), reply, until, stopper: None };
        (self.tools.settings.on_stop == OnStop::StopSession).then_some(unstopped)
    }

    /// If it cannot be stopped, the session's next prompt sees to it.
    async fn stop_unstopped(&self, session: &Session, deadline: &Deadline) {
        let Some(Unstopped { reply, .. }) = &session.unstopped else { return };
        let stop = self.tools.stopping().stop(&self.prompt.run.session, &reply.run, &self.lease);
        let session = self.prompt.run.session.log_name();
        match in_time(stop, STOPPER_LEASE, deadline).await {
            Some(Ok(())) => {}
            Some(Err(error)) => warn!(session, %error, "the agent's session was not stopped"),
            None => warn!(session, "the agent's session is still being stopped"),
        }
    }
}
