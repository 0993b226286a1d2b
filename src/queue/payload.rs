//! What stands in a queue message: a prompt, tagged and versioned.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::tag::{self, MalformedPayload, Unreadable, VERSION};
use crate::clock::Timestamp;
use crate::digest;
use crate::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId};
use crate::protocol::invocation::{Parameters, PromptBody};
use crate::session::{RunKey, SessionKey};
use crate::trace::TraceContext;

const KIND: &str = "prompt";

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
    pub body: PromptBody,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameters: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
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
        let (prompt, parameters, input) = match &self.body {
            PromptBody::Prompt { prompt, parameters } => {
                (Some(prompt.clone()), parameters.as_ref().map(|parameters| parameters.as_raw().to_owned()), None)
            }
            PromptBody::Input(input) => (None, None, Some(input.clone())),
        };
        let payload = Payload {
            kind: KIND.to_owned(),
            version: VERSION,
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
        };
        let text = serde_json::to_string(&payload).expect("a payload is plain data");
        text.replace('\u{fffe}', r"\ufffe").replace('\u{ffff}', r"\uffff")
    }

    /// Reads a queue message's body.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        tag::check(body, KIND)?;
        Ok(Self::read(serde_json::from_str(body).map_err(MalformedPayload::Json)?)?)
    }

    fn read(payload: Payload) -> Result<Self, MalformedPayload> {
        let parameters = payload.parameters.map(Parameters::queued).transpose();
        let parameters = parameters.map_err(|_| MalformedPayload::Rule("its parameters hold a reserved member"))?;
        let body = match (payload.prompt, payload.input) {
            (Some(prompt), None) => PromptBody::Prompt { prompt, parameters },
            (None, Some(input)) if parameters.is_none() && input.get().starts_with('{') => PromptBody::Input(input),
            _ => return Err(MalformedPayload::Rule("it must hold either a prompt or an input")),
        };
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
