//! What every queue message of ours begins with: what it is, and in which version.

use serde::Deserialize;

/// The version of most messages. All types of one queue share the number.
pub(super) const VERSION: u64 = 1;

/// A queue message that this release does not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// No release will.
    #[error(transparent)]
    Malformed(#[from] MalformedPayload),
    /// A later release has written it, and can read it: it must not be lost.
    #[error("the body is a {kind:?} of version {version}, which a later release reads")]
    Later {
        /// The tag found.
        kind: String,
        /// The version found.
        version: u64,
    },
}

/// A queue message that is not what this queue is for, and never will be.
#[derive(Debug, thiserror::Error)]
pub enum MalformedPayload {
    /// It is not the JSON that it should be.
    #[error("the body cannot be read: {}", without_values(.0))]
    Json(#[from] serde_json::Error),
    /// It is something else, or of a version that there never was.
    #[error("the body is a {kind:?} of version {version}, not a {expected:?} of version {VERSION}")]
    Kind {
        /// The tag found.
        kind: String,
        /// The version found.
        version: u64,
        /// The tag that this queue's messages have.
        expected: &'static str,
    },
    /// It breaks a rule of what it says to be.
    #[error("the body breaks a rule: {0}")]
    Rule(&'static str),
}

/// What every version has; the rest of a later one may be anything.
#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

/// Whether `kind` looks like a tag of ours. Who puts a text there does not get it into a log.
fn is_tag(kind: &str) -> bool {
    kind.len() <= 32 && kind.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
}

/// What `error` says, without what was found: that may be a prompt, a reply or a token, and errors are logged.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // serde's own words for what breaks a rule of a type, which quote it (`serde::de::Error`).
    let quoting = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
    // These quote nothing: they have the name of a field that is known, or the rule of an id (`InvalidId`).
    let plain = ["missing field", "duplicate field", "must be"];
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| text.starts_with(beginning));
    match text.rfind(", expected ") {
        Some(at) if begins(&quoting) => text[at + ", ".len()..].to_owned(),
        _ if begins(&plain) || !error.is_data() => text,
        _ => format!("a value breaks a rule at line {} column {}", error.line(), error.column()),
    }
}

/// Whether `body` is tagged as an `expected` of this version.
///
/// # Errors
/// [`Unreadable`] if it is not.
pub(super) fn check(body: &str, expected: &'static str) -> Result<(), Unreadable> {
    let Tag { kind, version } = serde_json::from_str(body).map_err(MalformedPayload::Json)?;
    let kind = if is_tag(&kind) { kind } else { "?".to_owned() };
    if version > VERSION {
        return Err(Unreadable::Later { kind, version });
    }
    if kind != expected || version != VERSION {
        return Err(MalformedPayload::Kind { kind, version, expected }.into());
    }
    Ok(())
}
