//! What an agent is given.

use std::fmt;

use bytestring::ByteString;

use super::ids::{RequestId, UploadId};
use super::json_string;
use super::json_text::JsonText;
use super::object::all_names;
use super::reply::GatewayReply;

/// Members that the gateway itself sets in an invocation body.
const RESERVED: [&str; 5] = ["prompt", "sessionId", "requestId", "reply", "gatewayReply"];

/// Those of them that no release has let into a queue. One that did not know the last one may have queued it.
const NEVER_QUEUED: &[&str] = RESERVED.split_at(4).0;

/// The one that a client must not set either where the body is its own: whoever names a place for replies could make an
/// agent send there.
const RESERVED_IN_INPUT: &[&str] = RESERVED.split_at(4).1;

/// What a prompt says, or where that was uploaded.
#[derive(Debug, Clone)]
pub enum PromptContent {
    /// It came with the prompt.
    Given(PromptBody),
    /// It was uploaded before, by the same principal.
    Uploaded(UploadId),
}

impl PromptContent {
    /// What came with the prompt.
    #[must_use]
    pub fn given(&self) -> Option<&PromptBody> {
        match self {
            Self::Given(body) => Some(body),
            Self::Uploaded(_) => None,
        }
    }
}

/// What a prompt says, in one of its two forms.
#[derive(Debug, Clone)]
pub enum PromptBody {
    /// Text, with members to merge into the invocation body.
    Prompt {
        /// The text, a JSON string.
        prompt: JsonText,
        /// Further members of the invocation body.
        parameters: Option<Parameters>,
    },
    /// The whole invocation body, a JSON object.
    Input(JsonText),
}

impl PromptBody {
    /// The prompt `text` without parameters.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Prompt { prompt: JsonText::of_string(text), parameters: None }
    }

    /// Takes a whole invocation body, which must be a JSON object.
    ///
    /// # Errors
    /// [`ReservedMember`]
    pub fn input(object: JsonText) -> Result<Self, ReservedMember> {
        refuse(RESERVED_IN_INPUT, &object)?;
        Ok(Self::Input(object))
    }

    /// The JSON body of the agent's invocation; `reply` says where the agent can send to if it goes on by itself, which
    /// an invocation body of the client's own has no place for. All values are as they came.
    #[must_use]
    pub fn invocation(&self, runtime_session: &str, request: &RequestId, reply: Option<&GatewayReply>) -> ByteString {
        match self {
            Self::Input(input) => input.clone().into(),
            Self::Prompt { prompt, parameters } => {
                let reply = reply.map(|reply| format!(r#","gatewayReply":{}"#, reply.to_json()));
                let further = parameters.as_ref().map(Parameters::members).filter(|members| !members.is_empty());
                let parts = [
                    r#"{"prompt":"#,
                    prompt,
                    r#","sessionId":"#,
                    &json_string(runtime_session),
                    r#","requestId":"#,
                    &json_string(request.as_str()),
                    &reply.unwrap_or_default(),
                    if further.is_some() { "," } else { "" },
                    further.unwrap_or_default(),
                    "}",
                ];
                parts.concat().into()
            }
        }
    }

    /// Whether the invocation body can say where to send to.
    #[must_use]
    pub fn has_place_for_reply(&self) -> bool {
        matches!(self, Self::Prompt { .. })
    }
}

/// An object whose members are merged into the invocation body.
#[derive(Debug, Clone)]
pub struct Parameters(JsonText);

/// A JSON object that a client gave holds a member that is the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not hold {}", QuotedList(.0))]
pub struct ReservedMember(&'static [&'static str]);

impl Parameters {
    /// Takes a JSON object of a client.
    ///
    /// # Errors
    /// [`ReservedMember`] if it holds a member that the gateway sets, or is no object.
    pub fn new(object: JsonText) -> Result<Self, ReservedMember> {
        refuse(&RESERVED, &object)?;
        Ok(Self(object))
    }

    /// Takes what has been queued, maybe by an earlier release.
    ///
    /// # Errors
    /// [`ReservedMember`] if it holds a member that no release has let pass, or is no object.
    pub fn queued(object: JsonText) -> Result<Self, ReservedMember> {
        refuse(NEVER_QUEUED, &object)?;
        Ok(Self(object))
    }

    /// The object as it came.
    #[must_use]
    pub fn as_json(&self) -> &JsonText {
        &self.0
    }

    /// The text between the braces.
    fn members(&self) -> &str {
        self.0[1..self.0.len() - 1].trim()
    }
}

/// Refuses an object that holds one of `names`, and what is no object.
fn refuse(names: &'static [&'static str], object: &str) -> Result<(), ReservedMember> {
    let is_free = |name: &[u8]| names.iter().all(|reserved| reserved.as_bytes() != name);
    let is_taken = object.starts_with('{') && all_names(object, is_free);
    if is_taken { Ok(()) } else { Err(ReservedMember(names)) }
}

struct QuotedList(&'static [&'static str]);

impl fmt::Display for QuotedList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(formatter, "{separator}\"{name}\"")?;
        }
        Ok(())
    }
}
