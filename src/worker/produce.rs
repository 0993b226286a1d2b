//! Calling the agent and writing its reply and the ending into the log.

use std::time::Duration;

use tokio::sync::mpsc;
use tracing::warn;

use super::coalesce::{EVENT_BATCHES, coalesce};
use super::deadline::{Deadline, comes_within, in_time};
use super::read::Called;
use super::run::Run;
use super::settings::OnStop;
use crate::agent::Invocation;
use crate::protocol::frame::Ending;
use crate::session::runtime_id::runtime_session_id;

/// A session's microVM takes up to 15 s to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

impl Run<'_> {
    /// Calls the agent, unless the run had its ending from the beginning.
    pub(super) async fn produce(&self, deadline: &Deadline) {
        if self.log.outcome().is_some() {
            return;
        }
        let (events, batches) = mpsc::channel(EVENT_BATCHES);
        let invocation = self.invocation();
        let calling = async {
            tokio::select! {
                biased;
                ending = self.ended_early(deadline) => Called { ending, agent_goes_on: true },
                called = self.tools.call(&invocation, &self.waiting, events) => called,
            }
        };
        let coalescing = coalesce(batches, &self.log, self.maker.clone(), &self.tools.settings);
        let (Called { ending, agent_goes_on }, ()) = tokio::join!(calling, coalescing);
        self.log.append(vec![self.maker.ending(self.log.last() + 1, &ending)]);
        if agent_goes_on && self.tools.settings.on_stop == OnStop::StopSession {
            self.stop_session(&invocation, deadline).await;
        }
    }

    /// Stops the agent's session; the session's next prompt waits for that, but not beyond this worker's deadline.
    async fn stop_session(&self, invocation: &Invocation, deadline: &Deadline) {
        let stop = self.tools.agents.stop_session(&invocation.agent, &invocation.runtime_session);
        let session = self.prompt.run.session.log_name();
        match in_time(stop, STOP_TIMEOUT, deadline).await {
            Some(Ok(())) => {}
            Some(Err(error)) => warn!(session, %error, "the agent's session was not stopped"),
            None => warn!(session, "the agent's session is still being stopped"),
        }
    }

    fn invocation(&self) -> Invocation {
        let runtime_session = runtime_session_id(&self.prompt.run.session);
        Invocation {
            agent: self.prompt.agent.clone(),
            body: self.prompt.body.invocation(&runtime_session, &self.prompt.run.request, None),
            runtime_session,
            trace: self.prompt.trace.clone(),
        }
    }

    /// The ending of a run that does not wait for the agent's.
    async fn ended_early(&self, deadline: &Deadline) -> Ending {
        let mut stop = self.stop.subscribe();
        let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
        tokio::select! {
            biased;
            true = stopped => Ending::Stopped,
            () = comes_within(deadline.clone(), self.tools.settings.deadline_margin) => {
                Ending::Failed(self.tools.settings.at_deadline.clone())
            }
        }
    }
}
