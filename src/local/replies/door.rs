//! Who may send at all, and what a request wants, by its head alone.

use http::header::{CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderName, Method};

use super::CONTENT_TYPE_JSON;
use super::refusal::{Reason, Refusal};
use crate::connections::origins::AllowedOrigins;
use crate::local::header::{HOST_RULE, names_trusted_host, only};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// What can be asked of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    SendMessage,
    SendMessageBatch,
}

/// The operation that a request wants.
///
/// Pages of browsers are kept out three times: by `Origin`, which they send with every POST; by the host, for a page may have
/// made its own name lead to this machine (DNS rebinding); and by the type, which a browser does not send for a page of
/// elsewhere without asking first.
///
/// # Errors
/// [`Refusal`]
pub(super) fn operation(head: &Parts, origins: &AllowedOrigins) -> Result<Operation, Refusal> {
    let headers = &head.headers;
    if head.method != Method::POST {
        return Err(Refusal::new(Reason::NoPost, "Messages are sent with POST."));
    }
    if headers.contains_key(ORIGIN) {
        return Err(Refusal::new(Reason::AccessDenied, "Pages cannot send here: the request has an Origin header."));
    }
    if !names_trusted_host(headers, origins) {
        return Err(Refusal::new(Reason::AccessDenied, HOST_RULE));
    }
    if only(headers, &CONTENT_TYPE) != Some(CONTENT_TYPE_JSON) {
        let rule = format!("The Content-Type header must be {CONTENT_TYPE_JSON}, and nothing else.");
        return Err(Refusal::new(Reason::WrongType, rule));
    }
    match only(headers, &TARGET) {
        Some("AmazonSQS.SendMessage") => Ok(Operation::SendMessage),
        Some("AmazonSQS.SendMessageBatch") => Ok(Operation::SendMessageBatch),
        _ => {
            let rule = "The X-Amz-Target header must be AmazonSQS.SendMessage or AmazonSQS.SendMessageBatch.";
            Err(Refusal::new(Reason::UnknownOperation, rule))
        }
    }
}
