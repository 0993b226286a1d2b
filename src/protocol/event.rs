//! One event of an agent: the JSON text that a client gets.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{MAX_NESTING, json_string, nesting};

/// How deep an event may nest: an `output` frame puts two levels around it.
const MAX_EVENT_NESTING: usize = MAX_NESTING - 2;

/// The longest text of an agent that is passed on in `failed.message`, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// One event of an agent, as the JSON text that it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(String);

impl Event {
    /// The event that `data` stands for: `data` itself if it is JSON that clients can read, else `data` as a string.
    #[must_use]
    pub fn from_data(data: impl Into<String>) -> Self {
        let data = data.into();
        match serde_json::from_str::<&RawValue>(&data) {
            Ok(value) if nesting(value.get()) > MAX_EVENT_NESTING => Self::from_text(&data),
            Ok(value) if value.get().len() == data.len() => Self(data),
            Ok(value) => Self(value.get().to_owned()),
            Err(_) => Self::from_text(&data),
        }
    }

    /// The event that is the string `text`, whatever it looks like.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(json_string(text))
    }

    /// The event's JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The agent's own words, if this event of a stream reports a failure.
    ///
    /// Two shapes do: the error event of the Python SDK (`error`, `error_type` and `message` together, after which
    /// the stream ends cleanly with status 200), and AG-UI's `RUN_ERROR`.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow, default, deserialize_with = "present")]
            error: Option<&'a RawValue>,
            #[serde(borrow, default, deserialize_with = "present")]
            error_type: Option<&'a RawValue>,
            #[serde(borrow, default, deserialize_with = "present")]
            message: Option<&'a RawValue>,
            #[serde(borrow, default, rename = "type")]
            kind: Option<&'a RawValue>,
        }
        if !self.0.starts_with('{') {
            return None;
        }
        let shape: Shape<'_> = serde_json::from_str(&self.0).ok()?;
        let told = match (shape.error, shape.error_type, shape.message) {
            (Some(error), Some(_), Some(_)) => error,
            (_, _, message) if shape.kind.is_some_and(|kind| kind.get() == r#""RUN_ERROR""#) => {
                message.unwrap_or(RawValue::NULL)
            }
            _ => return None,
        };
        Some(words(told))
    }
}

/// A member that is there, whatever its value: `null` too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The text of a JSON value that an agent gave as its reason, cut to what a `failed` frame may hold.
#[must_use]
pub(crate) fn words(value: &RawValue) -> String {
    let text = serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned());
    match text.as_str() {
        "" | "null" => "The agent reported an error.".to_owned(),
        _ => text.chars().take(MAX_MESSAGE_CHARS).collect(),
    }
}
