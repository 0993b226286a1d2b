//! What a client may say.

use serde_json::value::RawValue;

use super::answer::Answer;
use super::ids::{RequestId, SessionId, UploadId};
use super::invocation::{Parameters, PromptBody, PromptContent};
use super::json_text::JsonText;
use super::members::{Members, Of, invalid};
use super::rejection::Rejection;

/// The actions there are, for the sentence that refuses any other.
const ACTIONS: &str = "resume, stop, upload, ping, echo";

/// One message of a client, all rules kept.
#[derive(Debug, Clone)]
pub enum ClientMessage {
    /// Ask the agent.
    Prompt(Prompt),
    /// Attach this connection and replay what it missed.
    Resume(Resume),
    /// Stop the running or a queued request.
    Stop(Stop),
    /// Say where a prompt can be uploaded.
    Upload(UploadWish),
    /// Keep-alive.
    Ping,
    /// Connectivity check; the data comes back as it is (`null` where there is none).
    Echo(Box<RawValue>),
}

/// A prompt, before the gateway has filled in what the client left out.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The session it belongs to; absent: the connection's own.
    pub session: Option<SessionId>,
    /// The idempotency key; absent: the gateway makes one.
    pub request: Option<RequestId>,
    /// The agent it asks for, not yet known to exist; absent: the default agent.
    pub agent: Option<String>,
    /// What the agent is given.
    pub body: PromptContent,
}

/// A wish to get the frames of a session from here on, and those that were missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The session to attach to.
    pub session: SessionId,
    /// The request to replay; absent: the running, else the latest one.
    pub request: Option<RequestId>,
    /// The last `seq` that the client has; 0: none.
    pub after: u64,
}

/// A wish to end a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The session of the request.
    pub session: SessionId,
    /// The request to stop; absent: the running one.
    pub request: Option<RequestId>,
}

/// A wish to upload a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadWish {
    /// How many bytes it has, at least 1.
    pub bytes: u64,
    /// What the message calls itself; a refusal names it.
    pub request: Option<RequestId>,
}

impl ClientMessage {
    /// Reads one text message.
    ///
    /// # Errors
    /// A [`Rejection`] that names the member and the rule, and the request if the message held a valid id.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let members = Members::read(text, Of::Message)?;
        let request = members.request_id();
        let named = request.as_ref().ok().cloned().flatten();
        Self::from_members(&members, request).map_err(|rejection| rejection.of(named))
    }

    fn from_members(members: &Members<'_>, request: Result<Option<RequestId>, Rejection>) -> Result<Self, Rejection> {
        members.refuse_repeated()?;
        let request = request?;
        let no_such_action = || invalid(format!("\"action\" must be one of {ACTIONS}; a prompt has no \"action\"."));
        if members.get("action").is_some_and(|action| !action.get().starts_with('"')) {
            return Err(no_such_action());
        }
        match members.string("action")?.as_deref() {
            None => Prompt::from_members(members, request).map(Self::Prompt),
            Some("resume") => Ok(Self::Resume(Resume {
                session: required_session(members)?,
                request,
                after: members.whole_number("after")?.unwrap_or(0),
            })),
            Some("stop") => Ok(Self::Stop(Stop { session: required_session(members)?, request })),
            Some("upload") => match members.whole_number("bytes")? {
                Some(bytes) if bytes > 0 => Ok(Self::Upload(UploadWish { bytes, request })),
                _ => Err(invalid("\"bytes\" must be a whole number of at least 1.")),
            },
            Some("ping") => Ok(Self::Ping),
            Some("echo") => {
                let data = members.get("data").unwrap_or(RawValue::NULL);
                // Refused here already, where the request that the refusal has to name is known.
                Answer::check_echo(data)?;
                Ok(Self::Echo(data.to_owned()))
            }
            Some(_) => Err(no_such_action()),
        }
    }
}

impl Prompt {
    fn from_members(members: &Members<'_>, request: Option<RequestId>) -> Result<Self, Rejection> {
        let body = match (body(members, |value| value.into())?, upload(members)?) {
            (Some(_), Some(_)) => {
                return Err(invalid("Exactly one of \"prompt\", \"input\" and \"upload\" must be given, not several."));
            }
            (None, None) => {
                return Err(invalid(format!(
                    "The message must hold \"prompt\", \"input\", \"upload\" or \"action\" (one of {ACTIONS})."
                )));
            }
            (None, Some(_)) if members.get("parameters").is_some() => {
                return Err(invalid("\"parameters\" must go with \"prompt\", in the upload where that is."));
            }
            (Some(body), None) => PromptContent::Given(body),
            (None, Some(upload)) => PromptContent::Uploaded(upload),
        };
        Ok(Self { session: session(members)?, request, agent: members.string("agent")?, body })
    }
}

/// What `members` say by `prompt` or `input`, under the same rules wherever it stands. `keep` makes of a value what lives on.
pub(super) fn body(
    members: &Members<'_>,
    keep: impl Fn(&RawValue) -> JsonText,
) -> Result<Option<PromptBody>, Rejection> {
    let (prompt, text) = (members.get("prompt"), members.text("prompt")?);
    let input = members.object("input")?;
    if prompt.is_some() && input.is_some() {
        return Err(invalid("Exactly one of \"prompt\" and \"input\" must be given, not both."));
    }
    if text.is_some_and(|text| text.chars().all(char::is_whitespace)) {
        return Err(invalid("\"prompt\" must hold more than white space."));
    }
    if let Some(prompt) = prompt {
        return Ok(Some(PromptBody::Prompt { prompt: keep(prompt), parameters: parameters(members, keep)? }));
    }
    let Some(input) = input else { return Ok(None) };
    if members.get("parameters").is_some() {
        return Err(invalid("\"parameters\" must go with \"prompt\", not with \"input\"."));
    }
    PromptBody::input(keep(input)).map(Some).map_err(|error| invalid(format!("\"input\" {error}.")))
}

fn parameters(members: &Members<'_>, keep: impl Fn(&RawValue) -> JsonText) -> Result<Option<Parameters>, Rejection> {
    members
        .object("parameters")?
        .map(|object| Parameters::new(keep(object)).map_err(|error| invalid(format!("\"parameters\" {error}."))))
        .transpose()
}

fn upload(members: &Members<'_>) -> Result<Option<UploadId>, Rejection> {
    members
        .string("upload")?
        .map(|text| UploadId::parse(text).map_err(|error| invalid(format!("\"upload\" {error}."))))
        .transpose()
}

fn session(members: &Members<'_>) -> Result<Option<SessionId>, Rejection> {
    members
        .string("sessionId")?
        .map(|text| SessionId::parse(text).map_err(|error| invalid(format!("\"sessionId\" {error}."))))
        .transpose()
}

fn required_session(members: &Members<'_>) -> Result<SessionId, Rejection> {
    session(members)?.ok_or_else(|| invalid("\"sessionId\" must be given."))
}
