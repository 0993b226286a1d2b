//! What stands in a queue message: a prompt, tagged and versioned.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::tag::{self, MalformedPayload, Unreadable, VERSION};
use crate::clock::Timestamp;
use crate::digest;
use crate::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId, UploadId};
use crate::protocol::invocation::{Parameters, PromptBody, PromptContent};
use crate::protocol::json_text::JsonText;
use crate::session::{RunKey, SessionKey};
use crate::trace::TraceContext;

const KIND: &str = "prompt";

/// The version of a prompt that was uploaded, and of no other.
const WITH_UPLOAD: u64 = 2;

/// A prompt on its way to a worker.
#[derive(Debug, Clone)]
pub struct QueuedPrompt {
    /// The request that it is.
    pub run: RunKey,
    /// The connection that asked.
    pub connection: ConnectionId,
    /// The agent to call.
    pub agent: AgentName,
    /// When the gateway took it.
    pub received_at: Timestamp,
    /// The trace that it belongs to.
    pub trace: TraceContext,
    /// What the agent is given.
    pub body: PromptContent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: String,
    version: u64,
    principal: Principal,
    session_id: SessionId,
    request_id: RequestId,
    connection_id: ConnectionId,
    agent: AgentName,
    received_at: Timestamp,
    #[serde(default)]
    trace: TraceContext,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    input: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<UploadId>,
}

impl QueuedPrompt {
    /// The queue's message group: one per session, so that a session's prompts keep their order. A hash, for a group
    /// id has at most 128 characters (Amazon SQS, `MessageGroupId`).
    #[must_use]
    pub fn group(&self) -> String {
        let SessionKey { principal, session } = &self.run.session;
        digest::hex(&[principal.as_str(), session.as_str()])
    }

    /// The queue's deduplication id: the same for the same request of the same session.
    #[must_use]
    pub fn deduplication_id(&self) -> String {
        let SessionKey { principal, session } = &self.run.session;
        digest::hex(&[principal.as_str(), session.as_str(), self.run.request.as_str()])
    }

    /// The queue message's body.
    ///
    /// SQS takes no U+FFFE and U+FFFF (`SendMessage`, `MessageBody`). In JSON they can only stand in strings, where an
    /// escape is the same.
    #[must_use]
    #[expect(clippy::expect_used, reason = "string keys and plain data always serialise")]
    pub fn encode(&self) -> String {
        let (mut prompt, mut parameters, mut input, mut upload) = (None, None, None, None);
        match &self.body {
            PromptContent::Given(PromptBody::Prompt { prompt: text, parameters: given }) => {
                prompt = Some(text.to_raw());
                parameters = given.as_ref().map(|parameters| parameters.as_json().to_raw());
            }
            PromptContent::Given(PromptBody::Input(object)) => input = Some(object.to_raw()),
            PromptContent::Uploaded(id) => upload = Some(id.clone()),
        }
        let payload = Payload {
            kind: KIND.to_owned(),
            // A release that knows no uploads must leave it to one that does.
            version: if upload.is_some() { WITH_UPLOAD } else { VERSION },
            principal: self.run.session.principal.clone(),
            session_id: self.run.session.session.clone(),
            request_id: self.run.request.clone(),
            connection_id: self.connection.clone(),
            agent: self.agent.clone(),
            received_at: self.received_at,
            trace: self.trace.clone(),
            prompt,
            parameters,
            input,
            upload,
        };
        let text = serde_json::to_string(&payload).expect("a payload is plain data");
        if !text.contains(['\u{fffe}', '\u{ffff}']) {
            return text;
        }
        text.replace('\u{fffe}', r"\ufffe").replace('\u{ffff}', r"\uffff")
    }

    /// Reads a queue message's body.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        match tag::check(body, KIND) {
            Err(Unreadable::Later { kind, version: WITH_UPLOAD }) if kind == KIND && is_uploaded(body) => {}
            checked => checked?,
        }
        Ok(Self::read(serde_json::from_str(body).map_err(MalformedPayload::Json)?)?)
    }

    fn read(payload: Payload<'_>) -> Result<Self, MalformedPayload> {
        let body = body(&payload)?;
        let session = SessionKey { principal: payload.principal, session: payload.session_id };
        Ok(Self {
            run: RunKey { session, request: payload.request_id },
            connection: payload.connection_id,
            agent: payload.agent,
            received_at: payload.received_at,
            trace: payload.trace,
            body,
        })
    }
}

fn is_uploaded(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Peek {
        upload: Option<IgnoredAny>,
    }
    serde_json::from_str::<Peek>(body).is_ok_and(|peek| peek.upload.is_some())
}

fn body(payload: &Payload<'_>) -> Result<PromptContent, MalformedPayload> {
    let parameters = payload.parameters.map(|object| Parameters::queued(object.into())).transpose();
    let parameters = parameters.map_err(|_| MalformedPayload::Rule("its parameters hold a reserved member"))?;
    match (payload.prompt, payload.input, &payload.upload) {
        (Some(prompt), None, None) => {
            let prompt = JsonText::string(prompt).ok_or(MalformedPayload::Rule("its prompt must be a string"))?;
            Ok(PromptContent::Given(PromptBody::Prompt { prompt, parameters }))
        }
        (None, Some(input), None) if parameters.is_none() && input.get().starts_with('{') => {
            Ok(PromptContent::Given(PromptBody::Input(input.into())))
        }
        (None, None, Some(upload)) if parameters.is_none() => Ok(PromptContent::Uploaded(upload.clone())),
        _ => Err(MalformedPayload::Rule("it must hold a prompt, an input or an upload, and only one of them")),
    }
}
