//! What an agent is given.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ids::RequestId;
use super::json_string;

/// Members that the gateway itself sets in an invocation body.
const RESERVED: [&str; 4] = ["prompt", "sessionId", "requestId", "reply"];

/// What a prompt says, in one of its two forms.
#[derive(Debug, Clone)]
pub enum PromptBody {
    /// Text, with members to merge into the invocation body.
    Prompt {
        /// The text.
        prompt: String,
        /// Further members of the invocation body.
        parameters: Option<Parameters>,
    },
    /// The whole invocation body, as it came.
    Input(Box<RawValue>),
}

impl PromptBody {
    /// The JSON body of the agent's invocation. Numbers keep their digits and members their order.
    #[must_use]
    pub fn invocation(&self, runtime_session: &str, request: &RequestId) -> String {
        match self {
            Self::Input(input) => input.get().to_owned(),
            Self::Prompt { prompt, parameters } => {
                let further = parameters.as_ref().map(Parameters::members).filter(|members| !members.is_empty());
                format!(
                    r#"{{"prompt":{},"sessionId":{},"requestId":{}{}{}}}"#,
                    json_string(prompt),
                    json_string(runtime_session),
                    json_string(request.as_str()),
                    if further.is_some() { "," } else { "" },
                    further.unwrap_or_default(),
                )
            }
        }
    }
}

/// An object whose members are merged into the invocation body.
#[derive(Debug, Clone)]
pub struct Parameters(Box<RawValue>);

/// A member of `parameters` that the gateway itself sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not hold {}", QuotedList(&RESERVED))]
pub struct ReservedParameter;

impl Parameters {
    /// Takes a JSON object.
    ///
    /// # Errors
    /// [`ReservedParameter`] if it holds a member that the gateway sets, or is no object.
    pub fn new(object: Box<RawValue>) -> Result<Self, ReservedParameter> {
        let names: Names = serde_json::from_str(object.get()).map_err(|_| ReservedParameter)?;
        if names.reserved { Err(ReservedParameter) } else { Ok(Self(object)) }
    }

    /// The object as it came.
    #[must_use]
    pub fn as_raw(&self) -> &RawValue {
        &self.0
    }

    /// The text between the braces.
    fn members(&self) -> &str {
        let text = self.0.get();
        text[1..text.len() - 1].trim()
    }
}

struct Names {
    reserved: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut reserved = false;
                while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    reserved |= RESERVED.contains(&name.as_str());
                }
                Ok(Names { reserved })
            }
        }
        deserializer.deserialize_map(Reader)
    }
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
