//! JSON texts that pass through as they came.

use std::fmt;
use std::ops::Deref;

use bytestring::ByteString;
use serde_json::value::RawValue;

use super::{json_string, object};

/// A valid JSON text, shared and not copied: what an agent is given may have 20 MB.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonText(ByteString);

impl JsonText {
    /// The string `text` in JSON.
    #[must_use]
    pub fn of_string(text: &str) -> Self {
        Self(json_string(text).into())
    }

    /// `value`, if it is a string that is valid Unicode.
    #[must_use]
    pub fn string(value: &RawValue) -> Option<Self> {
        object::string(value).map(|_| value.into())
    }

    /// `value`, which is a part of `whole` and shares its memory.
    #[must_use]
    pub fn within(whole: &ByteString, value: &RawValue) -> Self {
        Self(whole.slice_ref(value.get()))
    }

    /// The same for serde.
    #[must_use]
    #[expect(clippy::expect_used, reason = "it was one when it was made")]
    pub(crate) fn to_raw(&self) -> &RawValue {
        serde_json::from_str(self).expect("a JSON text")
    }
}

impl From<&RawValue> for JsonText {
    fn from(value: &RawValue) -> Self {
        Self(value.get().into())
    }
}

impl Deref for JsonText {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{} bytes of JSON>", self.len())
    }
}

impl From<JsonText> for ByteString {
    fn from(text: JsonText) -> Self {
        text.0
    }
}
