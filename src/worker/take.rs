//! One message of the queue, from its taking to its giving back or its deletion, within the worker's deadline.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::Tools;
use super::claim::{Came, SOON};
use super::deadline::{CLOSING, Deadline, LAST_CALL, comes_within, in_time, is_within};
use crate::queue::batch::{Received, Verdict};
use crate::recovery::{Owed, Recovery, Stopping};
use crate::session::RunKey;
use crate::session::store::StoreError;

/// How long a change of a message's visibility, or its deletion, is waited for.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// With less time than this it is not begun to send slow devices the rest.
const CATCHING_UP: Duration = Duration::from_secs(5);

impl Tools {
    /// Works on a message, and returns before the deadline whatever else does not.
    pub(super) async fn take(&self, received: &Received, deadline: Deadline) -> Result<Verdict, StoreError> {
        tokio::select! {
            biased;
            () = comes_within(deadline.clone(), LAST_CALL) => {
                let run = &received.prompt.run;
                let (session, request) = (run.session.log_name(), &run.request);
                warn!(session, %request, "the worker's time was over before the run's end was dealt with");
                Ok(Verdict::Later)
            }
            verdict = self.take_in_time(received, &deadline) => verdict,
        }
    }

    async fn take_in_time(
        &self,
        Received { prompt, receipt, receive_count }: &Received,
        deadline: &Deadline,
    ) -> Result<Verdict, StoreError> {
        let receives_left = self.settings.max_receive_count.saturating_sub(*receive_count);
        let changes = Mutex::default();
        let mut hidden = pin!(self.keep_hidden(receipt, &changes));
        let came = tokio::select! {
            biased;
            never = &mut hidden => match never {},
            came = self.run(prompt, receives_left, deadline) => came?,
        };
        let again = match came {
            Came::ToAnEnd(owed) if owed.is_nothing() => return Ok(Verdict::Done),
            // Whoever takes the message next finds that the run has ended, and tells them so.
            Came::ToAnEnd(_) if is_within(deadline, CLOSING + CATCHING_UP) => Some(SOON),
            Came::ToAnEnd(owed) => {
                // It is rare, and each run would have room for it.
                Box::pin(self.send_owed(&prompt.run, receipt, owed, deadline)).await;
                return Ok(Verdict::Done);
            }
            Came::Undone(again) => again,
        };
        if let Some(period) = again {
            let given_back = async {
                tokio::select! {
                    biased;
                    never = hidden => match never {},
                    _ = changes.lock() => {}
                }
                self.visibility.extend(receipt, period).await
            };
            let _ = timeout(2 * QUEUE_PATIENCE, given_back).await;
        }
        Ok(Verdict::Later)
    }

    /// Keeps the message of `receipt` hidden: the queue's own visibility exceeds the longest run, and a crash is to be
    /// noticed sooner. If that fails, a message that is given to somebody else does no harm: the lease tells them to wait.
    ///
    /// It holds `changes` while a change is under way. What overtook that would be undone by it.
    async fn keep_hidden(&self, receipt: &str, changes: &Mutex<()>) -> Infallible {
        let mut was_extended = true;
        loop {
            let change = changes.lock().await;
            let extended = timeout(QUEUE_PATIENCE, self.visibility.extend(receipt, self.settings.lease)).await;
            drop(change);
            let is_extended = matches!(extended, Ok(Ok(())));
            if was_extended && !is_extended {
                warn!(?extended, "a message's visibility was not extended");
            }
            was_extended = is_extended;
            let pause = self.settings.renew_interval;
            sleep(if is_extended { pause } else { pause / 4 }).await;
        }
    }

    /// Sends slow devices the rest from the journal. The session's next prompt does not wait for that: the message is
    /// deleted here, and not by whoever called the worker. No task goes on when the worker has returned, for a function
    /// is frozen then: what a device has not taken by the deadline its client resumes.
    async fn send_owed(&self, run: &RunKey, receipt: &str, owed: Owed, deadline: &Deadline) {
        let _ = in_time(self.visibility.delete(receipt), QUEUE_PATIENCE, deadline).await;
        let sent = self.recovery().send_owed_within(self.settings.catch_up_timeout, run, owed);
        let _ = in_time(sent, self.settings.catch_up_timeout, deadline).await;
    }

    pub(super) fn stopping(&self) -> Stopping<'_> {
        let (sessions, agents) = (self.sessions.as_ref(), self.agents.as_ref());
        Stopping { sessions, agents, clock: self.clock.as_ref() }
    }

    pub(super) fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
            events: self.events.as_ref(),
            on_stop: self.settings.on_stop,
        }
    }
}
