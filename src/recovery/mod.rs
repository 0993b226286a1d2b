//! Ending a run for its worker or its agent, and telling its ending: done by whoever finds that it has to be.

mod announce;
mod end;
mod owed;
mod stopping;
mod unbegun;

use crate::choices::OnStop;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::ConnectionId;
use crate::push::Push;
use crate::replay::Replay;
use crate::run_ended::RunEvents;
use crate::session::store::Sessions;
use crate::session::{Attachment, RunKey};

pub(crate) use owed::Owed;
pub(crate) use stopping::{STOPPER_LEASE, Stopping, StoppingError};

/// What it takes to end somebody else's run.
#[derive(Clone, Copy)]
pub(crate) struct Recovery<'a> {
    pub(crate) sessions: &'a dyn Sessions,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) push: &'a dyn Push,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) events: &'a dyn RunEvents,
    pub(crate) on_stop: OnStop,
}

/// A run that has its ending now.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) owed: Owed,
}

/// A device that had not taken all of a run when that was over.
#[derive(Debug, Clone)]
pub(crate) struct Behind {
    pub(crate) connection: ConnectionId,
    pub(crate) attachment: Attachment,
    /// The last frame that it took.
    pub(crate) taken: Seq,
}

impl<'a> Recovery<'a> {
    /// A replay of what stands in the journal of `run` behind frame `after`.
    pub(crate) fn replay<'b>(self, run: &'b RunKey, connection: &'b ConnectionId, after: Seq) -> Replay<'b>
    where
        'a: 'b,
    {
        Replay::new(self.journal, self.push, self.clock, run, connection, after)
    }
}
