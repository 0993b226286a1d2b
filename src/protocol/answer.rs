//! Answers to one message: frames without a `seq`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::MAX_FRAME_BYTES;
use super::ids::{RequestId, SessionId, UploadId};
use super::rejection::{RejectCode, Rejection};

/// What is known of a request that a client resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nothing has started under that id, as far as is known.
    Queued,
    /// A worker has it.
    Running,
    /// Ended: the agent's reply is whole.
    Completed,
    /// Ended: it failed.
    Failed,
    /// Ended: it was stopped.
    Stopped,
    /// The session has no request at all.
    Idle,
}

/// An answer to one message of a client.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// The prompt is in the queue.
    Accepted {
        /// The request, as the client or the gateway named it.
        request_id: RequestId,
        /// Its session, as the client or the gateway named it.
        session_id: SessionId,
    },
    /// Nothing was queued or done.
    Rejected {
        /// What kind of refusal this is.
        code: RejectCode,
        /// One sentence for a person.
        message: String,
        /// The request, if the message held a valid id.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
        /// Whether the same message may be taken later.
        retryable: bool,
    },
    /// A replay follows; the connection is attached from here on.
    Resumed {
        /// The request that is replayed; null where the session has none.
        request_id: Option<RequestId>,
        /// The session.
        session_id: SessionId,
        /// The last `seq` that is not replayed.
        after: u64,
        /// What is known of the request.
        state: RequestState,
    },
    /// The stop was recorded.
    Stopping {
        /// The request that will stop.
        request_id: RequestId,
        /// Its session.
        session_id: SessionId,
    },
    /// An upload may come.
    Upload {
        /// What the prompt names.
        upload_id: UploadId,
        /// What takes one HTTP PUT of it.
        url: String,
        /// For how long.
        expires_in_ms: u64,
    },
    /// Keep-alive.
    Pong,
    /// Connectivity check.
    Echo {
        /// What the client sent.
        data: Box<RawValue>,
    },
}

impl Answer {
    /// The echo of `data`.
    ///
    /// # Errors
    /// `too_large` if it would not fit a frame.
    pub fn echo(data: Box<RawValue>) -> Result<Self, Rejection> {
        Self::check_echo(&data)?;
        Ok(Self::Echo { data })
    }

    /// Whether the echo of `data` fits a frame.
    pub(super) fn check_echo(data: &RawValue) -> Result<(), Rejection> {
        if r#"{"type":"echo","data":}"#.len() + data.get().len() <= MAX_FRAME_BYTES {
            return Ok(());
        }
        let message = format!("\"data\" must fit an answer of {MAX_FRAME_BYTES} bytes.");
        Err(Rejection::new(RejectCode::TooLarge, message))
    }

    /// The answer as the client gets it: one JSON object of at most [`MAX_FRAME_BYTES`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "string keys and plain data always serialise")]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("an answer is plain data")
    }
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected {
            code: rejection.code,
            message: rejection.message,
            request_id: rejection.request,
            retryable: rejection.code.retryable(),
        }
    }
}
