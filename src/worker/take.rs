//! One message of the queue, from its taking to its giving back or its deletion, within the worker's deadline.

use std::time::Duration;

use futures_util::future::join_all;
use tracing::{info, warn};

use super::Tools;
use super::claim::Came;
use super::deadline::{Deadline, LAST_CALL, comes_within, in_time};
use super::devices::Behind;
use crate::protocol::ids::ConnectionId;
use crate::queue::batch::{Received, Verdict};
use crate::recovery::Recovery;
use crate::replay::{Replay, ReplayError};
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Attachment, RunKey};

/// How long a change of a message's visibility, or its deletion, is waited for.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);

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
        // The queue's own visibility exceeds the longest run; a crash is to be noticed sooner.
        let came = tokio::select! {
            biased;
            never = self.keep_hidden(receipt) => match never {},
            came = self.run(prompt, receives_left, deadline) => came?,
        };
        match came {
            Came::ToAnEnd(behind) => {
                if !behind.is_empty() {
                    self.catch_up(&prompt.run, receipt, behind, deadline).await;
                }
                Ok(Verdict::Done)
            }
            Came::Undone(again) => {
                if let Some(period) = again {
                    let _ = in_time(self.visibility.extend(receipt, period), QUEUE_PATIENCE, deadline).await;
                }
                Ok(Verdict::Later)
            }
        }
    }

    /// Sends slow devices the rest from the journal. The session's next prompt does not wait for that: the message is
    /// deleted here, and not by whoever called the worker. No task goes on when the worker has returned, for a function
    /// is frozen then: what a device has not taken by the deadline its client resumes.
    async fn catch_up(&self, run: &RunKey, receipt: &str, behind: Vec<Behind>, deadline: &Deadline) {
        let _ = in_time(self.visibility.delete(receipt), QUEUE_PATIENCE, deadline).await;
        let devices = behind.into_iter().map(|device| self.catch_up_one(run, device));
        if in_time(join_all(devices), self.settings.catch_up_timeout, deadline).await.is_none() {
            info!(session = run.session.log_name(), request = %run.request, "a device is behind: it has to resume");
        }
    }

    async fn catch_up_one(&self, run: &RunKey, device: Behind) {
        let Behind { connection, attachment, taken } = device;
        let replay =
            Replay::new(self.journal.as_ref(), self.push.as_ref(), self.clock.as_ref(), run, &connection, taken);
        match replay.all().await {
            Ok(()) => {}
            Err(ReplayError::Push(_)) => self.detach(run, &connection, attachment, "takes nothing").await,
            Err(ReplayError::Store(error)) => {
                warn!(session = run.session.log_name(), request = %run.request, %error, "a device was not caught up");
            }
        }
    }

    /// Detaches `connection`, unless it has been attached anew since it was `seen`.
    pub(super) async fn detach(&self, run: &RunKey, connection: &ConnectionId, seen: Attachment, reason: &str) {
        info!(session = run.session.log_name(), request = %run.request, reason, "detaches a connection");
        let detach = Transition::Detach { connection: connection.clone(), seen: Some(seen) };
        // A detach that fails is made up for by the next push to it.
        let _ = self.sessions.apply(&run.session, &detach, self.clock.now()).await;
    }

    pub(super) fn recovery(&self) -> Recovery<'_> {
        Recovery {
            sessions: self.sessions.as_ref(),
            journal: self.journal.as_ref(),
            push: self.push.as_ref(),
            clock: self.clock.as_ref(),
        }
    }
}
