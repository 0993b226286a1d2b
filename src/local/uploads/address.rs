//! Where an upload is put.

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::{HOST, HeaderName};
use http::uri::Authority;

use crate::connections::origins::AllowedOrigins;
use crate::local::header::only;

/// What stands before the secret in a URL.
pub(super) const TOKEN: &str = "token=";

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where the gateway is reached by who sent a handshake with these `headers`, which came in at `local`: `http://host:port`.
///
/// The `Host` header says it best, for the way may lead through a name or a proxy. Where it names a host under which uploads
/// are not taken, the address of this machine is given at which the handshake came in. A proxy with TLS has to say so by
/// `X-Forwarded-Proto`: a page that came by TLS may not upload without it.
#[must_use]
pub fn origin_of(headers: &HeaderMap, origins: &AllowedOrigins, local: SocketAddr) -> String {
    let is_plain = |host: &&str| host.parse::<Authority>().is_ok_and(|parsed| !parsed.as_str().contains('@'));
    match only(headers, &HOST).filter(|host| origins.trusts_host(host)).filter(is_plain) {
        Some(host) if only(headers, &FORWARDED_PROTO) == Some("https") => format!("https://{host}"),
        Some(host) => format!("http://{host}"),
        // A socket that takes both kinds of address knows the older ones in the form of the newer.
        None => format!("http://{}", SocketAddr::new(local.ip().to_canonical(), local.port())),
    }
}

/// The URL of the upload at `path`.
pub(super) fn url(origin: &str, path: &str, token: &str) -> String {
    format!("{origin}/{path}?{TOKEN}{token}")
}
