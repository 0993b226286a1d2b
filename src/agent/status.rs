//! What a status other than success means (AgentCore Runtime, `InvokeAgentRuntime` errors).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::InvokeError;
use super::line::without_byte_order_mark;
use crate::protocol::words_of;

/// The error that an answer with `status` stands for; `error_type` is the header `x-amzn-errortype`.
pub(super) fn error_of(status: u16, error_type: Option<&str>, body: &[u8]) -> InvokeError {
    let body = ErrorBody::read(body);
    let code = body.code(error_type);
    let message = body.message;
    match status {
        402 => InvokeError::QuotaExceeded,
        401 | 403 => InvokeError::AccessDenied,
        404 => InvokeError::NotFound,
        409 if code == "RetryableConflictException" => InvokeError::RetryableConflict,
        409 => InvokeError::Conflict(message),
        424 => InvokeError::AgentFailed(message),
        429 => InvokeError::Throttled,
        400..=499 => InvokeError::Invalid { status, message },
        500.. => InvokeError::Platform(status),
        _ => InvokeError::Unexpected(status),
    }
}

/// The name of the error in an answer of AWS, such as `AccessDeniedException`; empty if it has none.
#[cfg(feature = "eventbridge")]
pub(crate) fn code_of(error_type: Option<&str>, body: &[u8]) -> String {
    ErrorBody::read(body).code(error_type)
}

struct ErrorBody {
    code: Option<String>,
    message: String,
}

impl ErrorBody {
    /// AWS names its members `code` or `__type` and `message`; agents say `error`, FastAPI `detail`.
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        struct Shape<'a> {
            // Agents also put numbers into `code`.
            #[serde(borrow, default)]
            code: Option<&'a RawValue>,
            #[serde(borrow, default, rename = "__type")]
            kind: Option<&'a RawValue>,
            #[serde(borrow, default, alias = "Message")]
            message: Option<&'a RawValue>,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
            #[serde(borrow, default)]
            detail: Option<&'a RawValue>,
        }
        let shape: Shape<'_> = serde_json::from_slice(without_byte_order_mark(body)).unwrap_or_default();
        let told = shape.message.or(shape.error).or(shape.detail).unwrap_or(RawValue::NULL);
        let text = |value: Option<&RawValue>| serde_json::from_str::<String>(value?.get()).ok();
        Self { code: text(shape.code).or_else(|| text(shape.kind)), message: words_of(told) }
    }

    /// The error's bare name: the header's, else the body's, without the place that may stand around it.
    fn code(&self, error_type: Option<&str>) -> String {
        let code = error_type.or(self.code.as_deref()).unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }
}
