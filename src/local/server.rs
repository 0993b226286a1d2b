//! The HTTP server: the page, and the upgrade to a WebSocket that API Gateway's `$connect` decides about.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::encodings::Body as ResponseBody;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use data_encoding::BASE64URL;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::debug;

use super::Config;
use super::authorization::{Authorization, Refused};
use super::hub::Hub;
use super::route::EventSource;
use crate::clock::Clock;
use crate::connections::ConnectionsHandler;
use crate::message::MessageHandler;
use crate::protocol::ids::ConnectionId;
use crate::protocol::{MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};
use crate::random::Random;

/// The page, compiled in so that the program is all there is to copy.
const PAGE: &str = include_str!("../../websocket_test.html");

/// What every connection shares.
pub(super) struct Server {
    pub(super) authorization: Authorization,
    pub(super) messages: MessageHandler,
    pub(super) connections: ConnectionsHandler,
    pub(super) hub: Arc<Hub>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<Random>,
    pub(super) idle_timeout: Duration,
    pub(super) max_connection_age: Duration,
}

impl Server {
    pub(super) fn new(
        config: &Config,
        authorization: Authorization,
        messages: MessageHandler,
        connections: ConnectionsHandler,
        hub: Arc<Hub>,
        clock: Arc<dyn Clock>,
        random: Arc<Random>,
    ) -> Self {
        let (idle_timeout, max_connection_age) = (config.idle_timeout, config.max_connection_age);
        Self { authorization, messages, connections, hub, clock, random, idle_timeout, max_connection_age }
    }

    pub(super) async fn serve(self, listener: TcpListener) {
        let router = Router::new().fallback(answer).with_state(Arc::new(self));
        let listener = listener.tap_io(|stream| {
            // Frames are small and must not wait for one another.
            let _ = stream.set_nodelay(true);
        });
        // It ends with the task that it runs in; accepting goes on after an error.
        let _ = axum::serve(listener, router).await;
    }

    fn new_connection_id(&self) -> Result<ConnectionId, StatusCode> {
        // Eleven bytes make sixteen characters that end in `=`, like API Gateway's.
        let name = BASE64URL.encode(&self.random.bits().to_be_bytes()[..11]);
        ConnectionId::parse(name).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Result<Response, Infallible> {
    let is_upgrade = header_has(request.headers(), header::UPGRADE, "websocket");
    let response = match (is_upgrade, request.method(), request.uri().path()) {
        (true, _, _) => upgrade(server, request).await.unwrap_or_else(IntoResponse::into_response),
        (false, &Method::GET | &Method::HEAD, "/") => page(),
        (false, _, "/") => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        (false, _, _) => (StatusCode::NOT_FOUND, "Here is a page at / and a WebSocket at any path.\n").into_response(),
    };
    Ok(response)
}

fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (headers, PAGE).into_response()
}

/// The opening handshake (RFC 6455, section 4.2), with `$connect` in the middle.
async fn upgrade(server: Arc<Server>, mut request: Request) -> Result<Response, StatusCode> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
    let accept = derive_accept_key(key.as_bytes());
    if !header_has(request.headers(), header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let (connection, connected_at) = (server.new_connection_id()?, server.clock.now());
    let mut source = EventSource { connection, connected_at, principal: None };
    let asking = source.connect(request.uri(), request.headers());
    source.principal = match server.authorization.admit(&asking).await {
        Ok(principal) => principal,
        Err(Refused) => {
            return Ok((StatusCode::FORBIDDEN, "No good token came; the gateway's log says why.\n").into_response());
        }
    };
    let verdict = server.connections.handle(source.connect(request.uri(), request.headers())).await;
    let status = u16::try_from(verdict.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    if !status.is_success() {
        let reason = match verdict.body {
            Some(ResponseBody::Text(reason)) => reason,
            _ => String::new(),
        };
        return Ok((status, reason).into_response());
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits())).await;
                server.run_socket(stream, source).await;
            }
            Err(error) => {
                debug!(%error, "a client left during the handshake");
                let _ = server.connections.handle(source.disconnect(server.clock.now())).await;
            }
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    *response.body_mut() = Body::empty();
    let headers = response.headers_mut();
    headers.clear();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&accept).map_err(|_| StatusCode::BAD_REQUEST)?;
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = verdict.headers.get(header::SEC_WEBSOCKET_PROTOCOL) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    Ok(response)
}

/// API Gateway's limits for a client's messages, and small buffers: there may be thousands of connections.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        .max_frame_size(Some(MAX_FRAME_BYTES))
        .max_message_size(Some(MAX_MESSAGE_BYTES))
}

fn header_has(headers: &HeaderMap, name: header::HeaderName, value: &str) -> bool {
    headers.get(name).and_then(|found| found.to_str().ok()).is_some_and(|found| found.eq_ignore_ascii_case(value))
}
