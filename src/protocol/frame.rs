//! Frames of a run.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::ids::{RequestId, SessionId};
use super::json_string;

/// Why a run failed, as the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The agent reported a failure, or its reply broke off.
    AgentError,
    /// The agent could not be reached or answered with a failure of its platform.
    AgentUnavailable,
    /// The agent's quota was used up for the whole retry window.
    AgentThrottled,
    /// The agent was silent for too long.
    AgentTimeout,
    /// The run's time is over.
    DeadlineExceeded,
    /// The worker died during the run, or the agent that went on by itself.
    Interrupted,
    /// The session has a background run, or too many prompts wait.
    Busy,
    /// An event or the whole reply is beyond its limit.
    OutputTooLarge,
    /// What was uploaded is missing or breaks a rule.
    InvalidUpload,
    /// Our own fault.
    Internal,
}

impl FailureCode {
    /// The code as it stands in a frame.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentError => "agent_error",
            Self::AgentUnavailable => "agent_unavailable",
            Self::AgentThrottled => "agent_throttled",
            Self::AgentTimeout => "agent_timeout",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Interrupted => "interrupted",
            Self::Busy => "busy",
            Self::OutputTooLarge => "output_too_large",
            Self::InvalidUpload => "invalid_upload",
            Self::Internal => "internal",
        }
    }
}

/// A failed run, as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure this is.
    pub code: FailureCode,
    /// The agent's own words for `agent_error`, else one sentence with nothing internal.
    pub message: String,
    /// Whether sending the prompt again, under a new request id, may help.
    pub retryable: bool,
}

impl Failure {
    /// A failure that may pass.
    #[must_use]
    pub fn retryable(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }

    /// A failure that will come again.
    #[must_use]
    pub fn lasting(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// The failure of a run whose time is over.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::retryable(FailureCode::DeadlineExceeded, "The time that a run may take is over.")
    }

    /// The failure of a run that is larger than it may be.
    #[must_use]
    pub fn reply_too_large() -> Self {
        Self::lasting(FailureCode::OutputTooLarge, "The agent's reply is larger than the gateway's limit.")
    }

    /// The failure of a run whose worker, or agent that went on by itself, died.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::retryable(FailureCode::Interrupted, "The run was interrupted; the reply is not complete.")
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The agent's reply is whole.
    Completed,
    /// The run failed; what came before it stays.
    Failed(Failure),
    /// Somebody stopped it; what came before it stays.
    Stopped,
}

impl Ending {
    /// The kind of this ending, which is what a session and a journal remember.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Stopped => Outcome::Stopped,
        }
    }
}

/// The kind of a run's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The agent's reply is whole.
    Completed,
    /// The run failed.
    Failed,
    /// The run was stopped.
    Stopped,
}

impl Outcome {
    /// The outcome as stores and logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// The outcome that [`as_str`](Self::as_str) calls `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Completed, Self::Failed, Self::Stopped].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// The position of a frame in its run: the first has 1.
pub type Seq = u64;

/// One numbered frame of a run, as it is pushed, kept and replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its place in the run.
    pub seq: Seq,
    /// One JSON object of at most [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES).
    pub text: String,
    /// The run's outcome, if this is its terminal frame.
    pub outcome: Option<Outcome>,
}

/// Makes the frames of one run.
#[derive(Debug, Clone)]
pub struct FrameMaker {
    ids: String,
}

impl FrameMaker {
    /// For the run of `request` in `session`.
    #[must_use]
    pub fn new(request: &RequestId, session: &SessionId) -> Self {
        let (request, session) = (json_string(request.as_str()), json_string(session.as_str()));
        Self { ids: format!(r#""requestId":{request},"sessionId":{session}"#) }
    }

    /// `started`: a worker has taken the prompt.
    #[must_use]
    pub fn started(&self) -> Frame {
        self.numbered("started", 1, &[], None)
    }

    /// The terminal frame for `ending`.
    #[must_use]
    pub fn ending(&self, seq: Seq, ending: &Ending) -> Frame {
        let outcome = Some(ending.outcome());
        match ending {
            Ending::Completed => self.numbered("completed", seq, &[], outcome),
            Ending::Stopped => self.numbered("stopped", seq, &[], outcome),
            Ending::Failed(Failure { code, message, retryable }) => {
                let (code, message) = (code.as_str(), json_string(message));
                let more = format!(r#","code":"{code}","message":{message},"retryable":{retryable}"#);
                self.numbered("failed", seq, &[&more], outcome)
            }
        }
    }

    /// `progress`: the run is alive though nothing was pushed. Not numbered, not kept. `waiting` is how the call would
    /// fail that is being tried again.
    #[must_use]
    pub fn progress(&self, elapsed_ms: u64, waiting: Option<FailureCode>) -> String {
        let waiting = waiting.map(|code| format!(r#","waiting":"{}""#, code.as_str())).unwrap_or_default();
        format!(r#"{{"type":"progress",{},"elapsedMs":{elapsed_ms}{waiting}}}"#, self.ids)
    }

    /// `output` with whole events, given as their JSON texts joined by commas; `more` is a further member with a comma
    /// before it, or empty.
    #[must_use]
    pub(super) fn output(&self, seq: Seq, events: &str, more: &str) -> Frame {
        self.numbered("output", seq, &[r#","events":["#, events, "]", more], None)
    }

    /// `output` with a slice of one event, given as the inside of a JSON string; `more` as in [`Self::output`].
    #[must_use]
    pub(super) fn part(&self, seq: Seq, index: usize, last: bool, more: &str, escaped: &str) -> Frame {
        let more = format!(r#","part":{{"index":{index},"last":{last}}}{more},"text":"{escaped}""#);
        self.numbered("output", seq, &[&more], None)
    }

    /// How many bytes an output frame has besides its events or text and their names, at most.
    #[must_use]
    pub(super) fn overhead(&self) -> usize {
        self.part(u64::MAX, usize::MAX, false, "", "").text.len()
    }

    /// `more` is what stands behind the number, in pieces. The text is exactly as long as it has to be: it is kept for an hour.
    fn numbered(&self, kind: &str, seq: Seq, more: &[&str], outcome: Option<Outcome>) -> Frame {
        let head = [r#"{"type":""#, kind, r#"","#, &self.ids, r#","seq":"#];
        let pieces = head.iter().chain(more).map(|piece| piece.len()).sum::<usize>();
        let digits = seq.checked_ilog10().map_or(1, |tens| tens as usize + 1);
        let mut text = String::with_capacity(pieces + digits + "}".len());
        head.iter().for_each(|piece| text.push_str(piece));
        // A string takes everything.
        let _ = write!(text, "{seq}");
        more.iter().for_each(|piece| text.push_str(piece));
        text.push('}');
        Frame { seq, text, outcome }
    }
}
