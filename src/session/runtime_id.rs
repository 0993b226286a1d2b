//! The session id that AgentCore sees.
//!
//! AgentCore Runtime keeps sessions apart by an id of 33 to 256 characters and by nothing else (InvokeAgentRuntime,
//! `runtimeSessionId`), so two principals must never get the same one.

use super::SessionKey;
use crate::digest;
use crate::protocol::ids::{ConnectionId, SessionId};

const PREFIX_CHARS: usize = 31;
const DIGEST_CHARS: usize = 32;

/// The AgentCore session of `key`: 33 to 100 characters of `A-Z a-z 0-9 _ -`, the first a letter or digit.
///
/// Where everybody is anonymous, a client id that AgentCore would take is used as it is, so that a user finds the
/// session again in the agent's own logs; unless it looks like an id made here. All others are made here, and cannot
/// be chosen by a client: a readable prefix, and 128 bits of SHA-256 over principal and id.
#[must_use]
pub fn runtime_session_id(key: &SessionKey) -> String {
    let id = key.session.as_str();
    if key.principal.is_anonymous() && is_usable(id) && !looks_derived(id) {
        return id.to_owned();
    }
    let mut prefix: String = id.chars().filter(|character| is_safe(*character)).collect();
    if !prefix.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        prefix.insert(0, 's');
    }
    prefix.truncate(PREFIX_CHARS);
    format!("{prefix}-{}", digest::short_hex(&[key.principal.as_str(), id]))
}

/// The session of a connection whose client names none.
#[must_use]
#[expect(clippy::expect_used, reason = "43 characters of a-z, 0-9 and - keep the rule of session ids")]
pub fn own_session(connection: &ConnectionId) -> SessionId {
    let name = format!("connection-{}", digest::short_hex(&[connection.as_str()]));
    SessionId::parse(name).expect("the name keeps the rule")
}

fn is_usable(id: &str) -> bool {
    (33..=100).contains(&id.len())
        && id.chars().all(is_safe)
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn looks_derived(id: &str) -> bool {
    let Some((prefix, digest)) = id.split_at_checked(id.len().saturating_sub(DIGEST_CHARS)) else { return false };
    prefix.ends_with('-') && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_safe(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}
