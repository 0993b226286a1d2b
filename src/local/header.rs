//! What is read from the headers of a request.

use http::header::HOST;
use http::{HeaderMap, HeaderName};

use crate::connections::origins::AllowedOrigins;

/// Which host a request must name that is for more than the page, its health or a WebSocket.
pub(super) const HOST_RULE: &str =
    "The Host header must be an IP address, localhost, or the host of an origin that --allow-origin names.";

/// Whether a request keeps [`HOST_RULE`], which keeps out pages that have made a name of their own lead to this machine (DNS
/// rebinding).
pub(super) fn names_trusted_host(headers: &HeaderMap, origins: &AllowedOrigins) -> bool {
    only(headers, &HOST).is_some_and(|host| origins.trusts_host(host))
}

/// The value of a header that is there once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
