//! Calling the agent and reading its reply: the first stage of a run.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::Tools;
use crate::agent::{Invocation, InvokeError, MAX_EVENT_BYTES, Progress, Reply, ReplyError};
use crate::protocol::event::Event;
use crate::protocol::frame::{Ending, Failure, FailureCode};

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
    /// Calls the agent and sends the events of its reply to `events`, until the reply ends or fails.
    pub(super) async fn call(&self, invocation: &Invocation, events: mpsc::Sender<Vec<Event>>) -> Ending {
        match self.invoke(invocation).await {
            Ok(reply) => self.read(reply, events).await,
            Err(failure) => Ending::Failed(failure),
        }
    }

    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, Failure> {
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
            match self.decide(&error) {
                Decision::Retry { window, pause, longest } => {
                    let pause = self.random.jitter((pause * 2_u32.saturating_pow(attempt)).min(longest));
                    if began.elapsed() + pause < window {
                        info!(%agent, %error, "the agent is called again");
                        tokio::time::sleep(pause).await;
                        attempt += 1;
                        continue;
                    }
                }
                Decision::Fail => {}
            }
            warn!(%agent, %error, "the agent could not be called");
            return Err(failure_of(error));
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

    async fn read(&self, mut reply: Box<dyn Reply>, events: mpsc::Sender<Vec<Event>>) -> Ending {
        let mut room = self.settings.max_reply_bytes;
        loop {
            let Ok(progress) = timeout(self.settings.silence_limit, reply.next()).await else {
                return Ending::Failed(silent());
            };
            let (mut batch, is_end) = match progress {
                Ok(Progress::Events(batch)) => (batch, false),
                Ok(Progress::End(batch)) => (batch, true),
                Err(error) => return Ending::Failed(broken(&error)),
            };
            let failure = cut_at_failure(&mut batch, &mut room, reply.is_stream());
            // Nobody takes events any more only when the run is being given up.
            if !batch.is_empty() && events.send(batch).await.is_err() {
                return Ending::Failed(Failure::interrupted());
            }
            match failure {
                Some(failure) => return Ending::Failed(failure),
                None if is_end => return Ending::Completed,
                None => {}
            }
        }
    }
}

/// Cuts `batch` behind the first event that ends the run, and says why it does.
fn cut_at_failure(batch: &mut Vec<Event>, room: &mut usize, is_stream: bool) -> Option<Failure> {
    for at in 0..batch.len() {
        let event = &batch[at];
        let Some(rest) = room.checked_sub(event.as_json().len()) else {
            batch.truncate(at);
            let message = "The agent's reply is larger than the gateway's limit.";
            return Some(Failure::lasting(FailureCode::OutputTooLarge, message));
        };
        *room = rest;
        if is_stream && let Some(words) = event.failure() {
            batch.truncate(at + 1);
            return Some(Failure::retryable(FailureCode::AgentError, words));
        }
    }
    None
}

fn silent() -> Failure {
    Failure::retryable(FailureCode::AgentTimeout, "The agent was silent for too long.")
}

fn broken(error: &ReplyError) -> Failure {
    warn!(%error, "the agent's reply did not come to its end");
    match error {
        ReplyError::Broken(_) => Failure::retryable(FailureCode::AgentError, "The agent's reply broke off."),
        ReplyError::TooLarge => {
            let message = format!("An event of the agent is larger than {MAX_EVENT_BYTES} bytes.");
            Failure::lasting(FailureCode::OutputTooLarge, message)
        }
    }
}

/// What the client is told of a call that brought no reply.
fn failure_of(error: InvokeError) -> Failure {
    use FailureCode::{AgentError, AgentThrottled, AgentUnavailable, Internal};
    match error {
        InvokeError::Invalid { message, .. } | InvokeError::Conflict(message) => Failure::lasting(AgentError, message),
        InvokeError::AgentFailed(message) => Failure::retryable(AgentError, message),
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
