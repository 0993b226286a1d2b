//! What a request says of itself, before its body is read.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::address::TOKEN;
use super::refusal::Refusal;
use crate::connections::origins::AllowedOrigins;
use crate::local::header::{HOST_RULE, names_trusted_host, only};

/// An upload that is about to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put<'a> {
    /// The path, without the first slash: the key that it is stored under.
    pub(super) path: &'a str,
    /// What is said to be the secret of the URL.
    pub(super) token: &'a str,
    /// How many bytes it has.
    pub(super) bytes: u64,
}

impl<'a> Put<'a> {
    /// # Errors
    /// [`Refusal`]
    pub(super) fn read(head: &'a Parts) -> Result<Self, Refusal> {
        if head.method != Method::PUT {
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Uploads are sent with PUT."));
        }
        let Some(bytes) = head.headers.get(CONTENT_LENGTH) else {
            return Err(Refusal::new(StatusCode::LENGTH_REQUIRED, "The Content-Length header is missing."));
        };
        if only(&head.headers, &CONTENT_TYPE) != Some("application/json") {
            return Err(Refusal::forbidden("The Content-Type header must be application/json, and nothing else."));
        }
        if only(&head.headers, &IF_NONE_MATCH) != Some("*") {
            return Err(Refusal::forbidden("The If-None-Match header must be *, and nothing else."));
        }
        let bytes = bytes.to_str().ok().and_then(|bytes| bytes.parse().ok());
        let bytes = bytes.ok_or_else(|| Refusal::forbidden("The Content-Length header is no length."))?;
        let token = head.uri.query().and_then(|query| query.strip_prefix(TOKEN)).unwrap_or_default();
        let path = head.uri.path();
        Ok(Self { path: path.strip_prefix('/').unwrap_or(path), token, bytes })
    }
}

/// Keeps out pages that have made a name of their own lead to this machine (DNS rebinding).
///
/// # Errors
/// [`Refusal`]
pub(super) fn check_host(headers: &HeaderMap, origins: &AllowedOrigins) -> Result<(), Refusal> {
    if names_trusted_host(headers, origins) { Ok(()) } else { Err(Refusal::forbidden(HOST_RULE)) }
}
