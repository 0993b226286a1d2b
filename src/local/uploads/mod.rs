//! Uploads on one machine: what a bucket of Amazon S3 takes and keeps on AWS.
//!
//! A client that may connect is offered a URL of the gateway's own address. It takes one PUT, under the rules that a
//! presigned URL of the bucket has there, and answers with the status that S3 would answer with. What was put is kept in
//! memory, 64 MiB in all: the oldest goes first, but never what a prompt in the queue names.

mod address;
mod cors;
mod head;
mod named;
mod receive;
mod refusal;
mod state;
mod store;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, EXPECT, ORIGIN};
use http::request::Parts;
use http::{Method, StatusCode};
use tracing::debug;

use crate::connections::origins::AllowedOrigins;
use head::Put;
use refusal::Refusal;

pub use address::origin_of;
pub use receive::{LONGEST, SILENCE};
pub use store::{MAX_AT_ONCE, MAX_OFFERS, MemoryUploads, ROOM};

/// Whether a request for `path` is for an upload.
#[must_use]
pub fn is_meant(path: &str) -> bool {
    path.starts_with("/uploads/")
}

/// Takes what is uploaded.
#[derive(Clone)]
pub struct UploadDoor {
    /// Where it is kept.
    pub store: Arc<MemoryUploads>,
    /// Whose pages may upload, and whose hosts a request may name.
    pub origins: AllowedOrigins,
}

impl UploadDoor {
    /// Answers a request for a path that [`is_meant`] for an upload.
    pub async fn answer(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let mut response = match self.admit(&head) {
            Err(refusal) => refuse(&head, body, refusal).await,
            Ok(()) if head.method == Method::OPTIONS => cors::preflight(&head.headers),
            Ok(()) => match Put::read(&head).and_then(|put| self.store.begin(&put)) {
                Err(refusal) => refuse(&head, body, refusal).await,
                Ok(coming) => match receive::receive(body, coming.bytes()).await {
                    Err(refusal) => refusal.into_response(),
                    Ok(bytes) => {
                        coming.finish(bytes);
                        StatusCode::OK.into_response()
                    }
                },
            },
        };
        if response.status() != StatusCode::OK {
            // Not the path, which names whose upload it is, and not the query, which is a secret.
            debug!(status = %response.status(), "refused an upload");
        }
        if self.allows(&head) {
            cors::share(&head.headers, &mut response);
        }
        response
    }

    fn admit(&self, head: &Parts) -> Result<(), Refusal> {
        head::check_host(&head.headers, &self.origins)?;
        if self.allows(head) { Ok(()) } else { Err(Refusal::forbidden("Pages of this origin may not upload here.")) }
    }

    /// Whether the page that sends it may; who is no page may.
    fn allows(&self, head: &Parts) -> bool {
        let text = |name| head.headers.get(name).map(|value| value.to_str().unwrap_or_default());
        self.origins.allows(text(ORIGIN), text(http::header::HOST))
    }
}

/// The answer to a request that is not taken. What it still sends is read first, and forgotten: a client may read no answer
/// before it has sent all, and a connection that is closed with unread data is reset.
async fn refuse(head: &Parts, body: axum::body::Body, refusal: Refusal) -> Response {
    let is_sent_anyway = head.headers.contains_key(CONTENT_LENGTH) && !head.headers.contains_key(EXPECT);
    if is_sent_anyway {
        receive::discard(body).await;
    }
    refusal.into_response()
}
