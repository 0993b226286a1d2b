//! How an upload is refused: with the status of Amazon S3, and one sentence.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION};
use http::{HeaderValue, StatusCode};

/// An upload that is not taken, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    sentence: &'static str,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, sentence: &'static str) -> Self {
        Self { status, sentence }
    }

    pub(super) fn forbidden(sentence: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, sentence)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.sentence).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("PUT, OPTIONS"));
            }
            // What may still come on this connection is no request.
            StatusCode::BAD_REQUEST => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
