//! Calling the agent and writing its reply and the ending into the log.

use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use super::coalesce::Coalescing;
use super::deadline::{CLOSING, Deadline, comes_within, in_time_before};
use super::read::Called;
use super::run::Run;
use crate::agent::{Invocation, STOP_TIMEOUT};
use crate::choices::OnStop;
use crate::protocol::frame::Ending;
use crate::protocol::invocation::PromptBody;
use crate::session::runtime_id::runtime_session_id;

/// So long before its deadline a worker has to have time to free the session.
const FREEING: Duration = Duration::from_secs(3);

impl Run<'_> {
    /// Calls the agent with `body`, if there is one, and stops its session if it may go on without the run.
    pub(super) async fn produce(&self, body: Option<PromptBody>, deadline: &Deadline) {
        let Some(body) = body else { return };
        let timer = pin!(sleep(Duration::ZERO));
        let mut coalescing = Coalescing::new(&self.log, self.maker.clone(), &self.tools.settings, timer);
        let invocation = self.invocation(&body);
        // It may be an upload, of which the run needs nothing more.
        drop(body);
        let run = self.reply.as_ref().map(|reply| &reply.run);
        let called = tokio::select! {
            biased;
            ending = self.ended_early(deadline) => Called::Ended { ending, agent_goes_on: true },
            called = self.tools.call(invocation, run, &self.waiting, &mut coalescing) => called,
        };
        coalescing.cut();
        match called {
            Called::Detached { bytes } => self.log.hand_over(bytes),
            Called::Ended { ending, agent_goes_on } => {
                self.end(&ending);
                if agent_goes_on {
                    self.stop_agent(deadline).await;
                }
            }
        }
    }

    /// Stops the agent's session, if that is to be; the session's next prompt waits for it, but not beyond this worker's
    /// deadline.
    async fn stop_agent(&self, deadline: &Deadline) {
        if self.tools.settings.on_stop == OnStop::Detach {
            return;
        }
        let runtime_session = runtime_session_id(&self.prompt.run.session);
        let stop = self.tools.agents.stop_session(&self.prompt.agent, &runtime_session);
        let session = self.prompt.run.session.log_name();
        match in_time_before(CLOSING + FREEING, stop, STOP_TIMEOUT, deadline).await {
            Some(Ok(())) => {}
            Some(Err(error)) => warn!(session, %error, "the agent's session was not stopped"),
            None => warn!(session, "the agent's session is still being stopped"),
        }
    }

    fn invocation(&self, body: &PromptBody) -> Invocation {
        let runtime_session = runtime_session_id(&self.prompt.run.session);
        Invocation {
            agent: self.prompt.agent.clone(),
            body: body.invocation(&runtime_session, &self.prompt.run.request, self.reply.as_ref()),
            runtime_session,
            trace: self.prompt.trace.clone(),
        }
    }

    /// The ending of a run that does not wait for the agent's.
    pub(super) async fn ended_early(&self, deadline: &Deadline) -> Ending {
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
