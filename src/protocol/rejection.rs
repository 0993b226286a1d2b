//! Why the gateway did nothing with a message.

use serde::Serialize;

use super::ids::RequestId;

/// The code of a `rejected` answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// The text does not parse as JSON, or nests or counts beyond what parsers hold.
    InvalidJson,
    /// The text is JSON but no object, or breaks a rule.
    InvalidRequest,
    /// The echo would not fit a frame.
    TooLarge,
    /// No agent is configured under that name.
    UnknownAgent,
    /// There is nothing to stop.
    NotFound,
    /// The request is known, its journal is gone.
    ReplayExpired,
    /// More than a limit allows.
    RateLimited,
    /// The queue or the table is out of reach.
    Unavailable,
}

impl RejectCode {
    /// The code as it stands in an answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "too_large",
            Self::UnknownAgent => "unknown_agent",
            Self::NotFound => "not_found",
            Self::ReplayExpired => "replay_expired",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the same message may be taken later.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}

/// A `rejected` answer: nothing was queued or done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What kind of refusal this is.
    pub code: RejectCode,
    /// One English sentence for the client: the member and the rule, never anything internal.
    pub message: String,
    /// The request id of the message, if it held a valid one.
    pub request: Option<RequestId>,
}

impl Rejection {
    /// A refusal with `code`, explained by `message`.
    #[must_use]
    pub fn new(code: RejectCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), request: None }
    }

    /// The same refusal, naming the request it refuses.
    #[must_use]
    pub fn of(mut self, request: Option<RequestId>) -> Self {
        self.request = request;
        self
    }
}
