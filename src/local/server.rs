//! The HTTP server: the page, health and metrics, and the upgrade to a WebSocket that API Gateway's `$connect` decides about.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::encodings::Body as ResponseBody;
use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::debug;

use super::authorization::{Authorization, Refused};
use super::config::Config;
use super::engine::Engine;
use super::handshake::{self, Refusal};
use super::hub::Hub;
use super::incoming::{Incoming, LocalAddress};
use super::metrics::{self, Exporter};
use super::replies::{self, Replies};
use super::route::EventSource;
use super::uploads::{self, UploadDoor};
use crate::clock::Clock;
use crate::connections::ConnectionsHandler;
use crate::message::MessageHandler;
use crate::protocol::ids::{AgentName, ConnectionId};
use crate::protocol::{MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};
use crate::random::Random;
use crate::uploads::UploadRoom;

/// The page, compiled in so that the program is all there is to copy.
const PAGE: &str = include_str!("../../websocket_test.html");

/// What every connection shares.
pub(super) struct Server {
    pub(super) authorization: Authorization,
    pub(super) messages: MessageHandler,
    pub(super) connections: ConnectionsHandler,
    pub(super) hub: Arc<Hub>,
    /// The queue of agents that go on by themselves, if they may.
    pub(super) replies: Option<Replies>,
    /// Where prompts are uploaded, if they may be.
    uploads: Option<UploadDoor>,
    metrics: Option<Exporter>,
    max_upload_bytes: u64,
    address: SocketAddr,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<Random>,
    pub(super) idle_timeout: Duration,
    pub(super) max_connection_age: Duration,
}

impl Server {
    pub(super) fn new(
        config: &Config,
        engine: &Engine,
        authorization: Authorization,
        agents: BTreeSet<AgentName>,
        address: SocketAddr,
    ) -> Self {
        let identity = authorization.identity();
        Self {
            authorization,
            messages: engine.messages(agents, identity.clone()),
            connections: engine.connections(config, identity),
            hub: engine.hub.clone(),
            replies: engine.door(config, address),
            uploads: engine.upload_door(config),
            metrics: config.metrics.clone(),
            max_upload_bytes: config.max_upload_bytes,
            address,
            clock: engine.clock.clone(),
            random: engine.random.clone(),
            idle_timeout: config.idle_timeout,
            max_connection_age: config.max_connection_age,
        }
    }

    pub(super) async fn serve(self, listener: TcpListener) {
        let router = Router::new().fallback(answer).with_state(Arc::new(self));
        let service = router.into_make_service_with_connect_info::<LocalAddress>();
        // It ends with the task that it runs in; accepting goes on after an error.
        let _ = axum::serve(Incoming(listener), service).await;
    }

    /// What handles the messages of `source`, whose client is offered the address at which it reaches the gateway.
    pub(super) fn connections_of(&self, source: &EventSource) -> ConnectionsHandler {
        let room = |door: &UploadDoor| UploadRoom {
            store: door.store.at(&source.reached_at),
            max_bytes: self.max_upload_bytes,
        };
        ConnectionsHandler { uploads: self.uploads.as_ref().map(room), ..self.connections.clone() }
    }

    /// Where the client reaches the gateway that sends `request`.
    fn reached_at(&self, request: &Request) -> String {
        let local = request.extensions().get::<ConnectInfo<LocalAddress>>();
        let local = local.map_or(self.address, |ConnectInfo(LocalAddress(address))| address.unwrap_or(self.address));
        uploads::origin_of(request.headers(), &self.connections.origins, local)
    }

    /// Does what `$disconnect` does. It is much, which no connection needs to have room for before its end.
    pub(super) fn disconnect(&self, source: &EventSource) -> BoxFuture<'_, ApiGatewayProxyResponse> {
        let event = source.disconnect(self.clock.now());
        async move { self.connections.handle(&event).await }.boxed()
    }

    fn new_connection_id(&self) -> Result<ConnectionId, Refusal> {
        // Eleven bytes make sixteen characters that end in `=`, like API Gateway's.
        let name = BASE64URL.encode(&self.random.bits().to_be_bytes()[..11]);
        ConnectionId::parse(name).map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Result<Response, Infallible> {
    if handshake::is_meant(request.headers()) {
        return Ok(upgrade(server, request).await.unwrap_or_else(IntoResponse::into_response));
    }
    if let Some(replies) = server.replies.as_ref().filter(|_| replies::is_meant(request.uri().path())) {
        return Ok(replies.answer(request).await);
    }
    if let Some(uploads) = server.uploads.as_ref().filter(|_| uploads::is_meant(request.uri().path())) {
        return Ok(uploads.answer(request).await);
    }
    if let Some(metrics) = server.metrics.as_ref().filter(|_| metrics::is_meant(request.uri().path())) {
        return Ok(metrics.answer(request.method(), request.headers(), &server.connections.origins));
    }
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/healthz") => "ok\n".into_response(),
        (&Method::GET | &Method::HEAD, "/") => page(),
        (_, "/" | "/healthz") => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        _ => (StatusCode::NOT_FOUND, "Here is a page at / and a WebSocket at any path.\n").into_response(),
    })
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

fn connect(source: &EventSource, request: &Request) -> Result<ApiGatewayWebsocketProxyRequest, Refusal> {
    let event = source.connect(request.uri(), request.headers());
    event.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("{error}.")))
}

/// The opening handshake, with `$connect` in the middle.
async fn upgrade(server: Arc<Server>, mut request: Request) -> Result<Response, Refusal> {
    let accept = handshake::accept(&request)?;
    let (connection, connected_at) = (server.new_connection_id()?, server.clock.now());
    let mut source = EventSource { connection, connected_at, principal: None, reached_at: server.reached_at(&request) };
    source.principal = match server.authorization.admit(&connect(&source, &request)?).await {
        Ok(principal) => principal,
        Err(Refused) => {
            let reason = "No good token came; the gateway's log says why.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        }
    };
    let verdict = server.connections.handle(&connect(&source, &request)?).await;
    let status = u16::try_from(verdict.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    if !status.is_success() {
        let reason = match verdict.body {
            Some(ResponseBody::Text(reason)) => reason,
            _ => String::new(),
        };
        return Err(Refusal::new(status, reason));
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
                let _ = server.disconnect(&source).await;
            }
        }
    });
    Ok(handshake::switched(accept, verdict.headers.get(header::SEC_WEBSOCKET_PROTOCOL)))
}

/// API Gateway's limits for a client's messages, and small buffers: there may be thousands of connections.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(4 * 1024)
        .max_frame_size(Some(MAX_FRAME_BYTES))
        .max_message_size(Some(MAX_MESSAGE_BYTES))
}
