//! Ending a request that nobody has begun.

use std::sync::Arc;
use std::time::Duration;

use super::{Owed, Recovery};
use crate::journal::{Appended, Segment};
use crate::protocol::frame::{Ending, FrameMaker};
use crate::queue::payload::QueuedPrompt;
use crate::run_ended::{self, RunEnded};
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Attachment, Cursor, LeaseId, Session};

impl Recovery<'_> {
    /// Ends the request of `prompt`: its journal is its ending, `stopped` where that was recorded in its `session`.
    /// `None`: somebody has begun it just now.
    pub(crate) async fn end_unbegun(
        self,
        prompt: &QueuedPrompt,
        lease: &LeaseId,
        session: &Session,
        ending: Ending,
    ) -> Result<Option<Owed>, StoreError> {
        let run = &prompt.run;
        let is_stopped = session.stops(&run.request);
        let ending = if is_stopped { Ending::Stopped } else { ending };
        let frame = FrameMaker::new(&run.request, &run.session.session).ending(1, &ending);
        let segment = Segment::of(Arc::new(frame));
        if self.journal.append(run, &segment, lease, self.clock.now()).await? != Appended::Written {
            return Ok(None);
        }
        let (agent, connections) = (Some(prompt.agent.clone()), session.connections.len());
        run_ended::tell(self.events, &RunEnded::of(run, agent, &ending, Duration::ZERO, connections)).await;
        if is_stopped {
            // It would only take the place of another one.
            let forget = Transition::ForgetStop { request: run.request.clone() };
            let _ = self.sessions.apply(&run.session, &forget, self.clock.now()).await;
        }
        // Who has come while the ending was being written is to hear it too.
        let session = self.sessions.load(&run.session, self.clock.now()).await?;
        Ok(Some(self.announce_unbegun(prompt, session, 1).await))
    }

    /// Tells the ending to all connections of the session, and to the one that asked: unless a worker has begun the
    /// request, nobody has attached that.
    pub(crate) async fn announce_unbegun(self, prompt: &QueuedPrompt, mut session: Session, last_seq: u64) -> Owed {
        let asked = Attachment { cursor: Cursor::Live, attached_at: self.clock.now() };
        session.connections.entry(prompt.connection.clone()).or_insert(asked);
        self.announce(&prompt.run, &session, last_seq).await.into()
    }
}
