//! What a status other than success means (AgentCore Runtime, `InvokeAgentRuntime` errors).

use serde_json::value::RawValue;

use super::InvokeError;
use super::line::without_byte_order_mark;
use crate::protocol::{members, words, words_of};

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
    /// An object, a string, or the words as they are: but no page, and no JSON that cannot be read.
    fn read(body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(without_byte_order_mark(body));
        let body = body.trim();
        let message = match serde_json::from_str::<&RawValue>(body) {
            Ok(object) if body.starts_with('{') => return Self::of_object(object.get()),
            Ok(text) if body.starts_with('"') => words_of(text),
            Err(_) if !body.is_empty() && !body.starts_with(['<', '{', '[', '"']) => words(body),
            _ => words_of(RawValue::NULL),
        };
        Self { code: None, message }
    }

    /// AWS names its members `code` or `__type` and `message`; agents say `error`, also as an object with a `message` (OpenAI),
    /// FastAPI `detail`. Agents also put numbers into `code`.
    fn of_object(object: &str) -> Self {
        let [code, kind, told @ ..] = members(object, ["code", "__type", "message", "Message", "error", "detail"]);
        let text = |value: Option<&RawValue>| serde_json::from_str::<String>(value?.get()).ok();
        let told = told.into_iter().flatten().find(|told| !matches!(told.get(), "null" | r#""""#));
        let told = told.unwrap_or(RawValue::NULL);
        let [inner] = members(told.get(), ["message"]);
        let inner = inner.filter(|inner| text(Some(inner)).is_some_and(|text| !text.is_empty()));
        Self { code: text(code).or_else(|| text(kind)), message: words_of(inner.unwrap_or(told)) }
    }

    /// The error's bare name: the header's, else the body's, without the place that may stand around it.
    fn code(&self, error_type: Option<&str>) -> String {
        let code = error_type.or(self.code.as_deref()).unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }
}
