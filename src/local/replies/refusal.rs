//! How SQS says no, in its AWS JSON 1.0 protocol.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::CONTENT_TYPE_JSON;
use crate::queue::QueueError;
use crate::session::store::StoreError;

/// The older code of an error, and whose fault it is. SDKs report that code where there is one.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// Why messages are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    MissingParameter,
    InvalidParameter,
    InvalidContents,
    NoSuchQueue,
    EmptyBatch,
    TooManyEntries,
    InvalidEntryId,
    EntryIdsNotDistinct,
    BatchTooLong,
    /// Nobody may send so, or not with this token. It is final.
    AccessDenied,
    UnknownOperation,
    Unreadable,
    NoPost,
    WrongType,
    TooLarge,
    TooSlow,
    /// As many wait as may; it is worth trying again. SDKs do so for this code with this status.
    Throttled,
    /// Worth trying again, and SDKs do.
    Unavailable,
}

impl Reason {
    fn status(self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::Throttled => StatusCode::FORBIDDEN,
            Self::NoPost => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The name of the error.
    fn name(self) -> &'static str {
        match self {
            Self::MissingParameter => "MissingRequiredParameterException",
            Self::InvalidParameter => "InvalidParameterValueException",
            Self::InvalidContents => "InvalidMessageContents",
            Self::NoSuchQueue => "QueueDoesNotExist",
            Self::EmptyBatch => "EmptyBatchRequest",
            Self::TooManyEntries => "TooManyEntriesInBatchRequest",
            Self::InvalidEntryId => "InvalidBatchEntryId",
            Self::EntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            Self::BatchTooLong => "BatchRequestTooLong",
            Self::AccessDenied => "AccessDeniedException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Unreadable => "SerializationException",
            Self::NoPost => "MethodNotAllowed",
            Self::WrongType => "UnsupportedMediaType",
            Self::TooLarge => "RequestEntityTooLarge",
            Self::TooSlow => "RequestTimeout",
            Self::Throttled => "RequestThrottled",
            Self::Unavailable => "ServiceUnavailable",
        }
    }

    /// What the error was called before SQS spoke JSON, where that is another name.
    fn older_code(self) -> Option<&'static str> {
        Some(match self {
            Self::MissingParameter => "MissingParameter",
            Self::InvalidParameter => "InvalidParameterValue",
            Self::AccessDenied => "AccessDenied",
            Self::NoSuchQueue => "AWS.SimpleQueueService.NonExistentQueue",
            Self::EmptyBatch => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntries => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::InvalidEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::EntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            _ => return None,
        })
    }

    /// Whether it is the gateway's fault: then it is worth trying again.
    fn is_ours(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }
}

/// Messages that are not taken: why, and what their sender is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    message: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// SQS's words for a parameter that is missing.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::new(Reason::MissingParameter, format!("The request must contain the parameter {parameter}."))
    }

    /// SQS's words for a parameter that breaks a rule.
    pub(super) fn invalid(parameter: &str, rule: &str) -> Self {
        Self::new(Reason::InvalidParameter, format!("The parameter {parameter} is invalid. Reason: {rule}."))
    }

    /// The code that SDKs report.
    pub(super) fn code(&self) -> &'static str {
        self.reason.older_code().unwrap_or(self.reason.name())
    }

    /// The refusal of entry `id` of a batch.
    pub(super) fn of_entry(&self, id: &str) -> serde_json::Value {
        json!({"Id": id, "SenderFault": !self.reason.is_ours(), "Code": self.code(), "Message": self.message})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"__type": format!("com.amazonaws.sqs#{}", self.reason.name()), "message": self.message});
        let mut response =
            (self.reason.status(), [(CONTENT_TYPE, CONTENT_TYPE_JSON)], body.to_string()).into_response();
        let headers = response.headers_mut();
        // Where it is the gateway's fault there is no older code.
        if let Some(Ok(value)) = self.reason.older_code().map(|code| HeaderValue::from_str(&format!("{code};Sender"))) {
            headers.insert(QUERY_ERROR, value);
        }
        if self.reason == Reason::NoPost {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full | QueueError::Throttled => {
                Self::new(Reason::Throttled, "Too many messages wait; try again.")
            }
            QueueError::Unavailable(_) => Self::new(Reason::Unavailable, "The queue takes no messages; try again."),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled => Self::new(Reason::Throttled, "The gateway has much to do; try again."),
            StoreError::Unavailable(_) => {
                Self::new(Reason::Unavailable, "The gateway cannot look up the run; try again.")
            }
        }
    }
}
