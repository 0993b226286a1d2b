//! What the events of a stream report about its run: that it has failed, or is whole.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::event::Event;
use super::object::{all_names, member, members, string};
use super::words::{NO_WORDS, words, words_of};

/// Members that an object which only reports an error may have beside `error`.
const BESIDE_ERROR: [&[u8]; 12] = [
    b"type",
    b"code",
    b"status",
    b"message",
    b"param",
    b"jsonrpc",
    b"object",
    b"model",
    b"provider",
    b"created",
    b"choices",
    b"id",
];

/// The types of objects that say no more than that a stream, or a part of it, has ended.
const END_MARKS: [&str; 7] = ["done", "end", "finish", "finish-step", "message-metadata", "abort", "message_stop"];

/// Where the agent's words stand in an object that reports a failure: the first of these that is a string is meant.
const WORDS: [&[&str]; 5] =
    [&["message"], &["errorText"], &["error", "message"], &["error"], &["response", "error", "message"]];

/// What a stream has reported so far.
#[derive(Debug, Default)]
pub struct Reports {
    ag_ui: AgUi,
    /// The last event but for end marks reported a failure, with these words if it had any.
    failing: Option<Option<String>>,
}

/// Why a stream that has come to its end is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWhole {
    /// The agent reported a failure, in these words.
    Failed(String),
    /// The agent had more to say.
    BrokenOff,
}

/// Whether a stream keeps the order of AG-UI: `RUN_STARTED`, then anything, then `RUN_FINISHED` or `RUN_ERROR`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum AgUi {
    /// There was no object yet.
    #[default]
    Unknown,
    /// It does not.
    No,
    /// A run has started.
    Running,
    /// It has finished.
    Finished,
}

/// What one event says.
enum Report {
    /// The run has failed, whatever comes behind.
    Failed(String),
    /// The run has failed, unless the agent goes on.
    Failing(Option<String>),
    /// Nothing, and the agent need not go on.
    EndMark,
    /// Nothing: the agent goes on.
    Other,
}

impl Reports {
    /// Takes the next event. Returns the agent's words if the run has failed with it, whatever may come behind.
    pub fn take(&mut self, event: &Event) -> Option<String> {
        let report = match Object::read(event.as_json()) {
            Some(object) => {
                self.ag_ui = self.ag_ui.behind(object.kind.as_deref());
                report_of_object(event.name(), &object)
            }
            None => report_of_value(event.name(), event.as_json()),
        };
        match report {
            Report::Failed(words) => return Some(words),
            Report::Failing(words) => {
                let earlier = self.failing.take().flatten();
                self.failing = Some(words.or(earlier));
            }
            Report::EndMark => {}
            Report::Other => self.failing = None,
        }
        None
    }

    /// The agent's words if the stream ends here with a failure.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failing.as_ref().map(|words| words.clone().unwrap_or_else(|| NO_WORDS.to_owned()))
    }

    /// What the stream is if it ends here, as it should.
    ///
    /// # Errors
    /// [`NotWhole`]
    pub fn end(&self) -> Result<(), NotWhole> {
        match self.failure() {
            Some(words) => Err(NotWhole::Failed(words)),
            None if self.ag_ui == AgUi::Running => Err(NotWhole::BrokenOff),
            None => Ok(()),
        }
    }
}

impl AgUi {
    /// The state behind an object of type `kind`.
    fn behind(self, kind: Option<&str>) -> Self {
        match (self, kind) {
            (Self::Unknown | Self::Finished, Some("RUN_STARTED")) => Self::Running,
            (Self::Unknown, _) => Self::No,
            (Self::Running, Some("RUN_FINISHED")) => Self::Finished,
            (state, _) => state,
        }
    }
}

fn report_of_object(name: Option<&str>, object: &Object<'_>) -> Report {
    let kind = object.kind.as_deref();
    if object.is_sdk_error() {
        return Report::Failed(object.sdk_words());
    }
    if kind == Some("RUN_ERROR") {
        return Report::Failed(object.words().unwrap_or_else(|| NO_WORDS.to_owned()));
    }
    if name == Some("error") || object.is_failure() {
        return Report::Failing(object.words());
    }
    let is_end_mark = kind.is_some_and(|kind| END_MARKS.contains(&kind)) || is_end(name);
    if is_end_mark { Report::EndMark } else { Report::Other }
}

/// What an event says that is no object, or has no data.
fn report_of_value(name: Option<&str>, json: &str) -> Report {
    match name {
        Some("error") => Report::Failing(words_in_string(json)),
        _ if is_end(name) || json == r#""[DONE]""# => Report::EndMark,
        _ => Report::Other,
    }
}

fn is_end(name: Option<&str>) -> bool {
    matches!(name, Some("done" | "end"))
}

/// An object, as far as it matters here.
struct Object<'a> {
    text: &'a str,
    kind: Option<Cow<'a, str>>,
    object: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    error_type: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
}

impl<'a> Object<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let [kind, object, error, error_type, message] =
            members(text, ["type", "object", "error", "error_type", "message"]);
        Some(Self { text, kind: kind.and_then(string), object, error, error_type, message })
    }

    /// The error event of AgentCore's Python SDK, after which the stream ends as if all were well.
    fn is_sdk_error(&self) -> bool {
        self.error.is_some() && self.error_type.is_some() && self.message.is_some()
    }

    /// The shapes of Anthropic, OpenAI (Chat Completions and Responses), the AI SDK and those that do as they do.
    fn is_failure(&self) -> bool {
        let has_failed = |kind: &str| kind == "error" || kind.ends_with(".failed") || kind.ends_with(".error");
        let is_error = |value: &RawValue| string(value).is_some_and(|text| text == "error");
        self.kind.as_deref().is_some_and(has_failed)
            || self.object.is_some_and(is_error)
            || (self.error.is_some_and(is_reason) && self.only_reports_an_error())
    }

    /// Whether it has no member that an object which only reports an error has not.
    fn only_reports_an_error(&self) -> bool {
        all_names(self.text, |name| {
            name == b"error" || BESIDE_ERROR.contains(&name) || name.ends_with(b"_id") || name.ends_with(b"Id")
        })
    }

    fn words(&self) -> Option<String> {
        WORDS.iter().find_map(|path| {
            let mut at = self.text;
            for name in *path {
                at = member(at, name)?.get();
            }
            words_in_string(at)
        })
    }

    fn sdk_words(&self) -> String {
        match self.error.map(RawValue::get) {
            None | Some("null" | r#""""#) => self.words().unwrap_or_else(|| NO_WORDS.to_owned()),
            Some(_) => self.error.map(words_of).unwrap_or_default(),
        }
    }
}

/// A string or an object, and not an empty one.
fn is_reason(error: &RawValue) -> bool {
    let text = error.get();
    match text.as_bytes() {
        [b'"', ..] => text != r#""""#,
        [b'{', inside @ .., b'}'] => !inside.trim_ascii().is_empty(),
        _ => false,
    }
}

/// The words in a JSON text that is a string, and not an empty one.
fn words_in_string(json: &str) -> Option<String> {
    let text: String = serde_json::from_str(json).ok()?;
    (!text.is_empty()).then(|| words(&text))
}
