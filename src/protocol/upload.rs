//! What was uploaded, read under the rules of a message.

use bytes::Bytes;
use bytestring::ByteString;

use super::invocation::PromptBody;
use super::json_text::JsonText;
use super::members::{Members, Of, invalid};
use super::message::body;
use super::rejection::Rejection;

/// All that an upload may hold.
const MEMBERS: [&str; 3] = ["prompt", "parameters", "input"];

/// What an upload says: a JSON object with `prompt`, and `parameters` if wanted, or with `input`, and nothing else. It keeps
/// the memory of `uploaded`, and copies nothing of it.
///
/// # Errors
/// One sentence that names the member and the rule.
pub fn read(uploaded: Bytes) -> Result<PromptBody, String> {
    let text = ByteString::try_from(uploaded).map_err(|_| "The upload must be text in UTF-8.".to_owned())?;
    read_text(&text).map_err(|rejection| rejection.message)
}

fn read_text(text: &ByteString) -> Result<PromptBody, Rejection> {
    let members = Members::read(text, Of::Upload)?;
    members.refuse_repeated()?;
    if let Some(other) = members.other_than(&MEMBERS) {
        let shown: String = other.chars().take(64).collect();
        return Err(invalid(format!(
            "The upload must not hold \"{shown}\": \"prompt\" and \"parameters\", or \"input\", are all it may hold."
        )));
    }
    let body = body(&members, |value| JsonText::within(text, value))?;
    body.ok_or_else(|| invalid("The upload must hold \"prompt\" or \"input\"."))
}
