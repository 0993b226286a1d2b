//! Whose pages may connect.
//!
//! A browser lets every page open a WebSocket to every host and says in `Origin` (RFC 6454) which page it is. The
//! list protects the users of browsers; it keeps nobody else out, for other programs send what they like, or nothing.

use std::str::FromStr;

/// The pages that may connect. A client that sends no `Origin` is no browser, and always may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All pages.
    Any,
    /// Pages served from this machine (any port), or opened from its disk.
    Loopback,
    /// Pages of these origins.
    List(Vec<Origin>),
}

/// The origin of a page: scheme, host and port, as in `https://app.example.com`, or `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no origin: it must be scheme://host or scheme://host:port without a path, \"null\", or \"*\" for any"
)]
pub struct InvalidOrigin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
            !scheme.is_empty() && (scheme == "file" || !host.is_empty()) && !host.contains(['/', '?', '#', ' ', ','])
        });
        if is_origin || text == "null" || text == "*" {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidOrigin(text.to_owned()))
        }
    }
}

impl AllowedOrigins {
    /// The rule that a list of configured origins means; `*` in it means all.
    #[must_use]
    pub fn from_list(origins: Vec<Origin>) -> Self {
        if origins.iter().any(|origin| origin.0 == "*") { Self::Any } else { Self::List(origins) }
    }

    /// Whether a client that sends this `Origin` header may connect.
    #[must_use]
    pub fn allows(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin.map(str::to_ascii_lowercase) else { return true };
        match self {
            Self::Any => true,
            Self::Loopback => origin == "file://" || is_loopback(&origin),
            Self::List(allowed) => allowed.iter().any(|allowed| allowed.0 == origin),
        }
    }
}

fn is_loopback(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
