//! One event of an agent: the JSON text that a client gets, and its name.

use std::mem;

use serde_json::value::RawValue;

use super::{MAX_NESTING, json_string, nesting};

/// How deep an event may nest: an `output` frame puts two levels around it.
const MAX_EVENT_NESTING: usize = MAX_NESTING - 2;

/// The longest name of an event, in bytes; a longer one is cut.
pub const MAX_NAME_BYTES: usize = 128;

/// The name of an event that has none (HTML, "Server-sent events").
const DEFAULT_NAME: &str = "message";

/// What stands around the name of an event in `names`: its place in the frame, quotes, a colon and a comma.
const AROUND_NAME: usize = 9;

/// One event of an agent, as the JSON text that it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    json: String,
    name: Option<Box<str>>,
}

impl Event {
    /// The event that `data` stands for: `data` itself if it is JSON that clients can read, else `data` as a string.
    #[must_use]
    pub fn from_data(data: impl Into<String>) -> Self {
        let mut data = data.into();
        let json = match serde_json::from_str::<&RawValue>(&data) {
            Ok(value) if nests_too_deep(value.get()) => json_string(&data),
            Ok(value) if value.get().len() == data.len() => mem::take(&mut data),
            Ok(value) => value.get().to_owned(),
            Err(_) => json_string(&data),
        };
        Self { json, name: None }
    }

    /// The event that is the string `text`, whatever it looks like.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self { json: json_string(text), name: None }
    }

    /// An event called `error` that has no data: it is not delivered, and yet it reports a failure.
    #[must_use]
    pub fn error_without_data() -> Self {
        Self { json: String::new(), name: Some("error".into()) }
    }

    /// The same event by the name of `name`, cut at [`MAX_NAME_BYTES`]. No name and `message` are the same.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
        Self { name: (!matches!(name, "" | DEFAULT_NAME)).then(|| name.into()), ..self }
    }

    /// The event's JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// Its name, if it has one of its own.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How many bytes it takes in an `output` frame, at most: its text, its name, and what stands around both. A slice of
    /// it may take more, by what a string must escape.
    #[must_use]
    pub fn size(&self) -> usize {
        let name = self.name().map_or(0, |name| json_string(name).len() + AROUND_NAME);
        self.json.len() + 1 + name
    }

    /// Whether a client gets it.
    #[must_use]
    pub fn has_data(&self) -> bool {
        !self.json.is_empty()
    }
}

/// Whether `json` nests deeper than an event may. Each level has two brackets, so most events are too short for that.
fn nests_too_deep(json: &str) -> bool {
    json.len() > 2 * MAX_EVENT_NESTING && nesting(json) > MAX_EVENT_NESTING
}
