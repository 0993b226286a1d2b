//! Whose pages may connect.
//!
//! A browser lets every page open a WebSocket to every host and says in `Origin` (RFC 6454) which page it is. The
//! list protects the users of browsers; it keeps nobody else out, for other programs send what they like, or nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The pages that may connect. A client that sends no `Origin` is no browser, and always may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All pages.
    Any,
    /// On one machine: pages of the gateway's own address, and those that are listed. If none is, pages served from this
    /// machine (any port), or opened from its disk.
    OneMachine(Vec<Origin>),
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
            Ok(Self(canonical(text)))
        } else {
            Err(InvalidOrigin(text.to_owned()))
        }
    }
}

impl AllowedOrigins {
    /// The rule that a list of configured origins means; `*` in it means all.
    #[must_use]
    pub fn from_list(origins: Vec<Origin>) -> Self {
        if has_star(&origins) { Self::Any } else { Self::List(origins) }
    }

    /// The rule that such a list means on one machine, where there may be none.
    #[must_use]
    pub fn on_one_machine(origins: Vec<Origin>) -> Self {
        if has_star(&origins) { Self::Any } else { Self::OneMachine(origins) }
    }

    /// Whether a client may connect that sends these `Origin` and `Host` headers.
    #[must_use]
    pub fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin.map(canonical) else { return true };
        let is_listed = |listed: &[Origin]| listed.iter().any(|listed| listed.0 == origin);
        match self {
            Self::Any => true,
            Self::OneMachine(listed) if listed.is_empty() => is_of_this_machine(&origin) || is_own(&origin, host),
            Self::OneMachine(listed) => is_listed(listed) || is_own(&origin, host),
            Self::List(listed) => is_listed(listed),
        }
    }

    /// Whether a request may name `host` in its `Host` header: an IP address, `localhost`, or the host of a listed origin, on
    /// any port. Any other name may be a page's own that now leads to this machine ([DNS rebinding]); who lets pages of all
    /// origins in has no host to keep out.
    ///
    /// [DNS rebinding]: https://en.wikipedia.org/wiki/DNS_rebinding
    #[must_use]
    pub fn trusts_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = without_port(&host);
        let is_listed = |listed: &[Origin]| {
            let authorities = listed.iter().filter_map(|origin| origin.0.split_once("://"));
            !name.is_empty() && authorities.map(|(_, authority)| without_port(authority)).any(|listed| listed == name)
        };
        match self {
            Self::Any => true,
            _ if name == "localhost" || socket_address(&host, 80).is_some() => true,
            Self::OneMachine(listed) | Self::List(listed) => is_listed(listed),
        }
    }

    /// How to let pages of `origin` in, as the end of a sentence; `None` if no setting could.
    ///
    /// `origin` may be anything that a client has sent. What is returned can be copied into a shell.
    #[must_use]
    pub fn how_to_allow(&self, origin: &str) -> Option<String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.:/_[]".contains(&byte);
        let is_origin = origin.parse::<Origin>().is_ok() && origin.bytes().all(is_plain);
        // Shells take brackets, which are around IPv6 addresses, for patterns.
        let quote = if origin.contains('[') { "'" } else { "" };
        match self {
            _ if !is_origin => None,
            Self::List(_) => Some(format!("add \"{origin}\" to allowed_origins")),
            Self::Any | Self::OneMachine(_) => {
                Some(format!("start the gateway with --allow-origin {quote}{origin}{quote}"))
            }
        }
    }
}

fn has_star(origins: &[Origin]) -> bool {
    origins.iter().any(|origin| origin.0 == "*")
}

/// An origin as browsers write it: in lower case, without a port that is the scheme's own.
fn canonical(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let own_port = match origin.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        _ => return origin,
    };
    origin.strip_suffix(own_port).map_or(origin.clone(), str::to_owned)
}

fn is_of_this_machine(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return origin == "file://";
    };
    matches!(without_port(authority), "localhost" | "127.0.0.1" | "[::1]")
}

/// The host of `authority`, which may be a name, or an IP address.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether a page was loaded from the very address that it now connects to, so that the gateway itself has served it.
///
/// Only an IP address says so: a name may be an attacker's, who has let it lead to this machine after the page was
/// loaded ([DNS rebinding]).
///
/// [DNS rebinding]: https://en.wikipedia.org/wiki/DNS_rebinding
fn is_own(origin: &str, host: Option<&str>) -> bool {
    let (authority, port) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, 80),
        Some(("https", authority)) => (authority, 443),
        _ => return false,
    };
    let page = socket_address(authority, port);
    page.is_some() && page == host.and_then(|host| socket_address(host, port))
}

/// The address that `authority` names by its IP address, with `port` if it gives none.
fn socket_address(authority: &str, port: u16) -> Option<SocketAddr> {
    let ip = || match authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        None => authority.parse::<Ipv4Addr>().ok().map(IpAddr::from),
    };
    authority.parse().ok().or_else(|| Some(SocketAddr::new(ip()?, port)))
}
