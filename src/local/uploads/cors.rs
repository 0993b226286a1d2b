//! What pages of other origins are told: the rules of the bucket on AWS (PUT, and the two headers that it needs).

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::refusal::Refusal;
use crate::local::header::only;

/// The headers that a page may set.
const HEADERS: [&str; 2] = ["content-type", "if-none-match"];

/// The answer to the question that a browser asks before the PUT of a page of another origin.
pub(super) fn preflight(headers: &HeaderMap) -> Response {
    let is_put = only(headers, &ACCESS_CONTROL_REQUEST_METHOD) == Some("PUT");
    let wanted = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let mut wanted = wanted.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim);
    let is_known = |name: &str| name.is_empty() || HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !headers.contains_key(ORIGIN) || !is_put || !wanted.all(is_known) {
        let rule = "Pages may only PUT here, and set Content-Type and If-None-Match.";
        return Refusal::forbidden(rule).into_response();
    }
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "PUT"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type, if-none-match"),
        (ACCESS_CONTROL_MAX_AGE, "3600"),
    ];
    (StatusCode::OK, allowed).into_response()
}

/// Lets the page that asks read the answer.
pub(super) fn share(asked: &HeaderMap, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = asked.get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}
