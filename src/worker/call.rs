//! Calling the agent, again where that does no harm: the first stage of a run.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::Tools;
use super::coalesce::Coalescing;
use super::read::Called;
use super::waiting::Waiting;
use crate::agent::{Invocation, InvokeError, Reply};
use crate::metrics::{self, Hearing};
use crate::protocol::frame::{Failure, FailureCode};
use crate::protocol::ids::ReplyRun;

/// Between two attempts after a quota was used up: at first at most so long, then twice, up to the longest.
const QUOTA_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_QUOTA_PAUSE: Duration = Duration::from_secs(10);

/// Between two attempts after a connection was refused.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);

/// What becomes of a call that brought no reply.
enum Decision {
    /// It certainly did not reach the agent: try again for `window`, then fail.
    Retry { window: Duration, pause: Duration, longest: Duration },
    /// It may have.
    Fail,
}

impl Tools {
    /// Calls the agent, which knows its run as `run` if it may go on by itself, and adds the events of its reply to
    /// `coalescing`, until the reply ends or fails.
    pub(super) async fn call(
        &self,
        invocation: Invocation,
        run: Option<&ReplyRun>,
        waiting: &Waiting,
        coalescing: &mut Coalescing<'_>,
    ) -> Called {
        let hearing = Hearing::begin(&invocation.agent);
        let invoked = self.invoke(&invocation, waiting).await;
        // The agent has its tens of megabytes, or will never have them.
        drop(invocation);
        waiting.set(None);
        match invoked {
            Ok(reply) => self.read(reply, run, hearing, coalescing).await,
            Err(failure) => failure.into(),
        }
    }

    async fn invoke(&self, invocation: &Invocation, waiting: &Waiting) -> Result<Box<dyn Reply>, Failure> {
        let began = Instant::now();
        let mut attempt = 0;
        loop {
            let Ok(result) = timeout(self.settings.silence_limit, self.agents.invoke(invocation)).await else {
                return Err(silent());
            };
            let error = match result {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let agent = &invocation.agent;
            if matches!(error, InvokeError::QuotaExceeded | InvokeError::Throttled) {
                metrics::AGENT_THROTTLES.count(&[agent.as_str()]);
            }
            let decision = self.decide(&error);
            let failure = failure_of(&error);
            if let Decision::Retry { window, pause, longest } = decision {
                let left = window.saturating_sub(began.elapsed());
                if !left.is_zero() {
                    // The last try is at the end of the window.
                    let pause = self.random.jitter((pause * 2_u32.saturating_pow(attempt)).min(longest)).min(left);
                    info!(%agent, %error, "the agent is called again");
                    waiting.set(Some(failure.code));
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                    continue;
                }
            }
            warn!(%agent, %error, "the agent could not be called");
            return Err(failure);
        }
    }

    fn decide(&self, error: &InvokeError) -> Decision {
        match error {
            InvokeError::Refused => {
                Decision::Retry { window: self.settings.refused_window, pause: REFUSED_PAUSE, longest: REFUSED_PAUSE }
            }
            InvokeError::QuotaExceeded | InvokeError::Throttled | InvokeError::RetryableConflict => {
                Decision::Retry { window: self.settings.retry_window, pause: QUOTA_PAUSE, longest: LONGEST_QUOTA_PAUSE }
            }
            _ => Decision::Fail,
        }
    }
}

/// The agent said nothing for longer than it may.
pub(super) fn silent() -> Failure {
    Failure::retryable(FailureCode::AgentTimeout, "The agent was silent for too long.")
}

/// What the client is told of a call that brought no reply.
fn failure_of(error: &InvokeError) -> Failure {
    use FailureCode::{AgentError, AgentThrottled, AgentUnavailable, Internal};
    match error {
        // Request Timeout and Too Early: the request was not at fault.
        InvokeError::Invalid { status: 408 | 425, message } | InvokeError::AgentFailed(message) => {
            Failure::retryable(AgentError, message)
        }
        InvokeError::Invalid { message, .. } | InvokeError::Conflict(message) => Failure::lasting(AgentError, message),
        InvokeError::AccessDenied => {
            Failure::lasting(AgentUnavailable, "The gateway is not allowed to call the agent.")
        }
        InvokeError::NotFound => Failure::lasting(AgentUnavailable, "The agent does not exist."),
        InvokeError::Refused | InvokeError::Unreachable(_) => {
            Failure::retryable(AgentUnavailable, "The agent cannot be reached.")
        }
        InvokeError::NoAnswer(_) => {
            Failure::retryable(AgentUnavailable, "The agent closed the connection without an answer.")
        }
        InvokeError::Unexpected(status @ 300..400) => {
            Failure::lasting(AgentUnavailable, format!("The agent answered with status {status}."))
        }
        InvokeError::Platform(status) | InvokeError::Unexpected(status) => {
            Failure::retryable(AgentUnavailable, format!("The agent answered with status {status}."))
        }
        InvokeError::QuotaExceeded | InvokeError::Throttled | InvokeError::RetryableConflict => {
            Failure::retryable(AgentThrottled, "The agent has too much to do.")
        }
        InvokeError::Credentials(_) | InvokeError::NotConfigured => {
            Failure::retryable(Internal, "The gateway cannot call the agent.")
        }
    }
}
