//! Events and routes, as API Gateway makes and selects them.

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use http::{HeaderMap, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::query::{self, Undecodable};
use crate::clock::Timestamp;
use crate::identity::PRINCIPAL;
use crate::protocol::ids::{ConnectionId, Principal};

/// The API's routes besides `$connect` and `$disconnect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Ping,
    Resume,
    Stop,
    Upload,
    Default,
}

impl Route {
    /// The route of a message by the selection expression `$request.body.action`; what has none, or is not JSON, goes
    /// to `$default`.
    pub(super) fn select(body: &str) -> Self {
        #[derive(Deserialize)]
        struct Body {
            action: Option<Value>,
        }
        let body: Option<Body> = serde_json::from_str(body).ok();
        match body.and_then(|body| body.action).as_ref().and_then(Value::as_str) {
            Some("ping") => Self::Ping,
            Some("resume") => Self::Resume,
            Some("stop") => Self::Stop,
            Some("upload") => Self::Upload,
            _ => Self::Default,
        }
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Upload => "upload",
            Self::Default => "$default",
        }
    }
}

/// One connection, as its events tell of it.
#[derive(Debug, Clone)]
pub(super) struct EventSource {
    pub(super) connection: ConnectionId,
    pub(super) connected_at: Timestamp,
    /// Whom the authorizer has named.
    pub(super) principal: Option<Principal>,
    /// Where its client reaches the gateway: `http://host:port`.
    pub(super) reached_at: String,
}

impl EventSource {
    /// # Errors
    /// [`Undecodable`]
    pub(super) fn connect(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<ApiGatewayWebsocketProxyRequest, Undecodable> {
        let mut event = self.event("$connect", "CONNECT", self.connected_at);
        event.headers = headers.clone();
        event.query_string_parameters = query::parameters(uri.query().unwrap_or_default())?.into();
        Ok(event)
    }

    pub(super) fn message(&self, route: Route, body: String, now: Timestamp) -> ApiGatewayWebsocketProxyRequest {
        let mut event = self.event(route.key(), "MESSAGE", now);
        event.body = Some(body);
        event
    }

    pub(super) fn disconnect(&self, now: Timestamp) -> ApiGatewayWebsocketProxyRequest {
        self.event("$disconnect", "DISCONNECT", now)
    }

    fn event(&self, route_key: &str, event_type: &str, now: Timestamp) -> ApiGatewayWebsocketProxyRequest {
        let mut event = ApiGatewayWebsocketProxyRequest::default();
        let context = &mut event.request_context;
        context.route_key = Some(route_key.to_owned());
        context.event_type = Some(event_type.to_owned());
        context.connection_id = Some(self.connection.as_str().to_owned());
        if let Some(principal) = &self.principal {
            context.authorizer.fields.insert(PRINCIPAL.to_owned(), principal.as_str().into());
        }
        context.connected_at = signed(self.connected_at);
        context.request_time_epoch = signed(now);
        event
    }
}

fn signed(moment: Timestamp) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}
