//! The opening handshake (RFC 6455, section 4.2), but for what `$connect` decides about.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// What has to be set where a proxy has made something else of a handshake; nginx does so unless it is told.
const PROXY: &str = "A proxy in between has to pass the upgrade on; in nginx: proxy_http_version 1.1; \
                     proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";";

/// A handshake that is not as it must be, or not let in.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.reason).into_response();
        let headers = response.headers_mut();
        match self.status {
            // RFC 9110, 15.5.22, and RFC 6455, 4.4.
            StatusCode::UPGRADE_REQUIRED => {
                switch_to_websocket(headers);
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            _ => {}
        }
        response
    }
}

/// Whether a request with these headers is a handshake, or was one before a proxy took its `Upgrade` away.
pub(super) fn is_meant(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE, "websocket") || headers.contains_key(SEC_WEBSOCKET_KEY)
}

/// What has to be answered as `Sec-WebSocket-Accept`.
///
/// # Errors
/// [`Refusal`]
pub(super) fn accept(request: &Request) -> Result<HeaderValue, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "A WebSocket is opened with GET."));
    }
    if request.version() < Version::HTTP_11 {
        let reason = format!("This handshake came as {:?}, and a WebSocket needs HTTP/1.1. {PROXY}", request.version());
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, reason));
    }
    if !lists(headers, &UPGRADE, "websocket") {
        let reason = format!("This handshake came without \"Upgrade: websocket\". {PROXY}");
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, reason));
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "\"Sec-WebSocket-Key\" is missing."));
    };
    if !lists(headers, &SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, "\"Sec-WebSocket-Version\" must be 13."));
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "\"Sec-WebSocket-Key\" cannot be answered."))
}

/// The answer behind which the connection is a WebSocket.
pub(super) fn switched(accept: HeaderValue, protocol: Option<&HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    switch_to_websocket(headers);
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    response
}

fn switch_to_websocket(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether `value` is in the list that the header `name` holds, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(value))
}
