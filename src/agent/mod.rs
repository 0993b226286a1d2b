//! Calling an agent: what the worker asks for, and what may come of it.

mod body;
pub mod client;
pub mod content_encoding;
pub mod echo;
pub mod endpoint;
mod line;
mod pieces;
mod records;
pub mod reply;
pub mod sign;
mod sse;
pub(crate) mod status;

use std::time::Duration;

use async_trait::async_trait;
use bytestring::ByteString;

use crate::protocol::event::Event;
use crate::protocol::ids::AgentName;
use crate::trace::TraceContext;

/// The largest event of an agent: AgentCore's own limit for a chunk of a streamed reply (AgentCore quotas).
pub const MAX_EVENT_BYTES: usize = 10 * 1024 * 1024;

/// How long stopping an agent's session is waited for: its microVM takes up to 15 s to stop.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// One call of an agent.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Which agent.
    pub agent: AgentName,
    /// Its session, as AgentCore knows it (33 to 256 characters).
    pub runtime_session: String,
    /// The JSON body.
    pub body: ByteString,
    /// The trace to pass on.
    pub trace: TraceContext,
}

/// A call that brought no reply. The worker decides what becomes of the run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The TCP connection was refused: nothing reached the agent.
    #[error("the connection was refused")]
    Refused,
    /// No connection came about.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection broke before there was an answer; the agent may have run.
    #[error("closed without an answer: {0}")]
    NoAnswer(String),
    /// 400 and other statuses that blame the request, with the agent's own words.
    #[error("the request was refused with status {status}")]
    Invalid {
        /// The status.
        status: u16,
        /// The agent's own words.
        message: String,
    },
    /// 402: a quota is used up; nothing reached the agent.
    #[error("a service quota is exceeded")]
    QuotaExceeded,
    /// 401, 403: not allowed.
    #[error("access denied")]
    AccessDenied,
    /// 404: no such runtime or endpoint.
    #[error("not found")]
    NotFound,
    /// 409 `RetryableConflictException`: the session is being made or torn down; nothing reached the agent.
    #[error("the session has an operation in progress")]
    RetryableConflict,
    /// Any other 409, with the agent's own words.
    #[error("conflict")]
    Conflict(String),
    /// 424: the container answered an error, crashed or did not start, with its own words.
    #[error("the agent failed")]
    AgentFailed(String),
    /// 429: too many calls; nothing reached the agent.
    #[error("throttled")]
    Throttled,
    /// 500 and above: the platform failed; the agent may have run.
    #[error("the agent's platform failed with status {0}")]
    Platform(u16),
    /// A redirect, or another status that is no answer.
    #[error("unexpected status {0}")]
    Unexpected(u16),
    /// There are no credentials to sign with.
    #[error("no credentials: {0}")]
    Credentials(String),
    /// No agent of that name is configured here.
    #[error("the agent is not configured")]
    NotConfigured,
}

impl InvokeError {
    /// Whether what was asked for may have been done all the same, or may still be.
    #[must_use]
    pub fn leaves_it_open(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::AgentFailed(_) | Self::Platform(_) | Self::Unexpected(_))
    }
}

/// A reply that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The body broke off.
    #[error("the reply broke off: {0}")]
    Broken(String),
    /// An event is beyond [`MAX_EVENT_BYTES`].
    #[error("an event is larger than {MAX_EVENT_BYTES} bytes")]
    TooLarge,
    /// `Content-Encoding` names an encoding that is not decoded here.
    #[error("the content encoding {0:?} is not decoded")]
    UnknownEncoding(String),
    /// The body is not what `Content-Encoding` says.
    #[error("the reply is no valid {0}")]
    BadEncoding(&'static str),
    /// The body is not what `Content-Type` says: no line is one of an event stream.
    #[error("the reply is no event stream")]
    NoEventStream,
}

/// What a read of a reply brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Some bytes came, and with them these events, possibly none.
    Events(Vec<Event>),
    /// The reply is whole; these are the events that its end completed.
    End(Vec<Event>),
}

/// A reply that is being read.
#[async_trait]
pub trait Reply: Send {
    /// Waits for more bytes. Cancel safe.
    ///
    /// # Errors
    /// [`ReplyError`]
    async fn next(&mut self) -> Result<Progress, ReplyError>;

    /// Whether this is a stream of events, in which an event may report a failure.
    fn is_stream(&self) -> bool;
}

/// Calls agents.
#[async_trait]
pub trait Agents: Send + Sync {
    /// Calls an agent once and waits for the beginning of its reply, however long that takes.
    ///
    /// # Errors
    /// [`InvokeError`]
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError>;

    /// Ends the session's microVM, for an agent goes on when its reply is no longer read. A plain container has no
    /// such operation; for it this does nothing.
    ///
    /// # Errors
    /// [`InvokeError`]
    async fn stop_session(&self, agent: &AgentName, runtime_session: &str) -> Result<(), InvokeError>;
}
