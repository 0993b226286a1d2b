//! What becomes of the messages of one run: whether they may speak for it, and whether it goes on.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use super::Tools;
use super::advance::{Advanced, Moving};
use super::batch::Received;
use crate::clock::Timestamp;
use crate::protocol::frame::{Ending, Failure, Outcome, Seq};
use crate::protocol::ids::ReplyRun;
use crate::queue::reply::ReplyMessage;
use crate::recovery::{Behind, Ended, StoppingError};
use crate::session::store::StoreError;
use crate::session::{Active, LeaseId, ReplyGrant, RunKey, Session, SessionKey};

/// How long devices that are behind get for the rest of a run that is over. Then they have to resume.
const CATCHING_UP: Duration = Duration::from_secs(10);

/// How many messages of a batch are dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    /// Those before this one; it and what follows have to come again.
    First(usize),
}

/// A message that may speak for its run, and its place in the batch.
pub(super) type Valid<'a> = (usize, &'a ReplyMessage);

impl Tools {
    /// Does what `messages` of the run that its agent knows as `name` bring.
    pub(super) async fn take(&self, name: &ReplyRun, messages: &[Received]) -> Result<Taken, StoreError> {
        let Some(run) = self.reply_runs.run_of(name, self.clock.now()).await? else {
            warn!(run = %name, "dropped messages of a run that is not known");
            return Ok(Taken::All);
        };
        loop {
            // The journal behind the session: an ending that is not in it now finds the place taken where this would write.
            let session = self.sessions.load(&run.session, self.clock.now()).await?;
            let Some(grant) = session.reply_grant(name) else {
                info!(run = %name, "dropped messages of a run that is over");
                self.tell_untold(&run, &session).await;
                return Ok(Taken::All);
            };
            let valid = valid(messages, grant, name);
            if valid.is_empty() {
                return Ok(Taken::All);
            }
            let writer = LeaseId(self.random.unique_name());
            let Some(active) = session.active_reply(name) else {
                tokio::join!(self.tell_untold(&run, &session), self.stop_agent(&run.session, name, &writer));
                return Ok(Taken::All);
            };
            if let Some(tail) = self.journal.tail(&run, self.clock.now()).await?
                && let Some(outcome) = tail.outcome
            {
                self.finish(&run, active, (outcome, tail.last), &valid, &writer).await?;
                return Ok(Taken::All);
            }
            let Some(detached) = active.detached else { return Ok(Taken::First(0)) };
            if let Some(ending) = self.due(active, session.stops(&run.request), self.clock.now()) {
                if let Some(ended) = self.recovery().end_detached(&run, &writer, &ending).await? {
                    self.after_ending(&run, ended, name, &writer).await;
                    return Ok(Taken::All);
                }
                continue;
            }
            let moving = Moving { run: &run, name, session: &session, active, detached, writer };
            match self.advance(&moving, &valid).await? {
                Advanced::To(taken) => return Ok(taken),
                Advanced::Outrun => {}
            }
        }
    }

    /// The ending that a run is to have whatever its agent says.
    fn due(&self, active: &Active, is_stopped: bool, now: Timestamp) -> Option<Ending> {
        if is_stopped {
            return Some(Ending::Stopped);
        }
        let is_over = now.since(active.started_at) > self.settings.max_run;
        is_over.then(|| Ending::Failed(Failure::deadline_exceeded()))
    }

    /// Frees the session of a run that has its ending: whoever gave it that has died. If that was by the agent's own word,
    /// that word comes again.
    async fn finish(
        &self,
        run: &RunKey,
        active: &Active,
        (outcome, last_seq): (Outcome, Seq),
        messages: &[Valid<'_>],
        writer: &LeaseId,
    ) -> Result<(), StoreError> {
        let agent_is_done = messages.iter().any(|(_, message)| message.end.is_some());
        let recovery = self.recovery();
        let unstopped = recovery.unstopped(active, outcome, self.clock.now()).filter(|_| !agent_is_done);
        let live_from = active.detached.map(|detached| detached.move_began.seq);
        let name = unstopped.as_ref().map(|unstopped| unstopped.reply.run.clone());
        let ended = recovery.finish(run, writer, live_from, (outcome, last_seq), unstopped).await?;
        self.send_rest(run, ended.map(|ended| ended.behind).unwrap_or_default()).await;
        if let Some(name) = name {
            self.stop_agent(&run.session, &name, writer).await;
        }
        Ok(())
    }

    /// Sends slow devices the rest of a run that has been ended, and stops its agent: it has just spoken.
    pub(super) async fn after_ending(&self, run: &RunKey, ended: Ended, name: &ReplyRun, writer: &LeaseId) {
        tokio::join!(self.send_rest(run, ended.behind), self.stop_agent(&run.session, name, writer));
    }

    /// Whoever ended the run may have died before it told its devices.
    async fn tell_untold(&self, run: &RunKey, session: &Session) {
        let behind = self.recovery().tell_untold(run, session).await;
        self.send_rest(run, behind.unwrap_or_default()).await;
    }

    pub(super) async fn send_rest(&self, run: &RunKey, behind: Vec<Behind>) {
        let devices = behind.into_iter().map(|device| self.recovery().catch_up(run, device));
        if timeout(CATCHING_UP, join_all(devices)).await.is_err() {
            info!(session = run.session.log_name(), request = %run.request, "a device is behind: it has to resume");
        }
    }

    /// Stops the agent of a run that has ended, if it still has to be stopped.
    async fn stop_agent(&self, key: &SessionKey, name: &ReplyRun, stopper: &LeaseId) {
        match self.stopping().stop(key, name, stopper).await {
            Ok(()) | Err(StoppingError::Elsewhere) => {}
            // It is tried again with its next message, or by the worker of the next prompt.
            Err(error) => warn!(session = key.log_name(), %error, "the agent's session was not stopped"),
        }
    }
}

/// Those messages that show the token of their run.
fn valid<'a>(messages: &'a [Received], grant: &ReplyGrant, name: &ReplyRun) -> Vec<Valid<'a>> {
    let shown = messages.iter().map(|received| &received.message).enumerate();
    let valid: Vec<_> = shown.filter(|(_, message)| grant.token.is_of(&message.token)).collect();
    if valid.len() < messages.len() {
        warn!(run = %name, dropped = messages.len() - valid.len(), "dropped messages with a wrong token");
    }
    valid
}
