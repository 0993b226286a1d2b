//! What becomes of the messages of one run: whether they may speak for it, and whether it goes on.

use std::time::Duration;

use tracing::{info, warn};

use super::Tools;
use super::advance::{Advanced, Moving};
use super::batch::Received;
use crate::protocol::frame::{Outcome, Seq};
use crate::protocol::ids::ReplyRun;
use crate::queue::reply::ReplyMessage;
use crate::recovery::{Ended, StoppingError};
use crate::session::store::StoreError;
use crate::session::{LeaseId, ReplyGrant, RunKey, Session, SessionKey, Unstopped};

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
                // Behind the journal: a session that was read before may not say that the run was detached since.
                let session = self.sessions.load(&run.session, self.clock.now()).await?;
                let Some(active) = session.active_reply(name) else { continue };
                // Whoever gave it that has died. If that was by the agent's own word, that word comes again.
                let agent_goes_on = valid.iter().all(|(_, message)| message.end.is_none());
                let unstopped = self.recovery().unstopped(active, outcome, self.clock.now()).filter(|_| agent_goes_on);
                let live_from = active.detached.map(|detached| detached.move_began.seq);
                self.finish(&run, &session, live_from, (outcome, tail.last), unstopped, &writer).await?;
                return Ok(Taken::All);
            }
            let Some(detached) = active.detached else { return Ok(Taken::First(0)) };
            if let Some(ending) = session.due(&run.request, self.settings.max_run, self.clock.now()) {
                if let Some(ended) = self.recovery().end_detached(&run, &writer, &ending).await? {
                    self.after_ending(&run, ended, Some(name), &writer).await;
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

    /// Whoever ended the run may have died before it told its devices.
    async fn tell_untold(&self, run: &RunKey, session: &Session) {
        let owed = self.recovery().tell_untold(run, session).await.unwrap_or_default();
        self.recovery().send_owed_within(CATCHING_UP, run, owed).await;
    }

    /// Frees the `session` of a run whose journal has its ending, tells that to live devices from behind `live_from`, and stops
    /// its agent where that is to be: it has just spoken. `false`: the run has the session again.
    pub(super) async fn finish(
        &self,
        run: &RunKey,
        session: &Session,
        live_from: Option<Seq>,
        (outcome, last_seq): (Outcome, Seq),
        unstopped: Option<Unstopped>,
        writer: &LeaseId,
    ) -> Result<bool, StoreError> {
        let name = unstopped.as_ref().map(|unstopped| unstopped.reply.run.clone());
        let finish = self.recovery().finish(run, session, writer, live_from, (outcome, last_seq), unstopped);
        let Some(ended) = finish.await? else { return Ok(false) };
        self.after_ending(run, ended, name.as_ref(), writer).await;
        Ok(true)
    }

    /// Sends slow devices the rest of a run that has been ended, and stops its agent where that is named.
    pub(super) async fn after_ending(&self, run: &RunKey, ended: Ended, agent: Option<&ReplyRun>, writer: &LeaseId) {
        let stopped = async {
            if let Some(name) = agent {
                self.stop_agent(&run.session, name, writer).await;
            }
        };
        tokio::join!(self.recovery().send_owed_within(CATCHING_UP, run, ended.owed), stopped);
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
