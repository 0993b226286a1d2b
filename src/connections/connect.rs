//! `$connect` and `$disconnect`.

use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use http::HeaderValue;
use tracing::{info, warn};

use super::ConnectionsHandler;
use crate::gateway_event::{connection_of, respond};
use crate::protocol::ids::SessionId;
use crate::session::room::apply_making_room;
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Cursor, SessionKey};

/// The subprotocol under which a browser, which can set no header, sends its token.
const BEARER: &str = "bearer";

impl ConnectionsHandler {
    /// Lets a connection in, or refuses it with a status: 403 for its origin or for want of a
    /// principal, 400 for its `sessionId`, 503 if the table is out of reach.
    pub(super) async fn connect(&self, event: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let origin = event.headers.get("origin").map(|origin| origin.to_str().unwrap_or("?"));
        if !self.origins.allows(origin) {
            info!(origin = origin.unwrap_or_default(), "refused a connection: its origin is not allowed");
            return refuse(403, "This origin is not allowed.");
        }
        let session = match event.query_string_parameters.first("sessionId").map(SessionId::parse).transpose() {
            Ok(session) => session,
            Err(error) => return refuse(400, &format!("\"sessionId\" {error}.")),
        };
        let Ok(connection) = connection_of(event) else { return refuse(400, "The connection is not known.") };
        let principal = match self.identity.at_connect(event) {
            Ok(principal) => principal,
            Err(why) => {
                warn!(%why, "refused a connection");
                return refuse(403, "The gateway does not know who is connecting.");
            }
        };
        let now = self.clock.now();
        if let Err(error) = self.connections.record(&connection, &principal, session.as_ref(), None, now).await {
            return out_of_reach(&error);
        }
        if let Some(session) = session {
            let attach = Transition::Attach { connection, cursor: Cursor::Connecting };
            let key = SessionKey { principal, session };
            if let Err(error) = apply_making_room(self.sessions.as_ref(), &key, &attach, now).await {
                return out_of_reach(&error);
            }
        }
        accept(event)
    }

    /// Detaches a connection that has closed. What fails here, the next push to it makes up for.
    pub(super) async fn disconnect(&self, event: &ApiGatewayWebsocketProxyRequest) {
        let Ok(connection) = connection_of(event) else { return };
        let now = self.clock.now();
        let known = match self.connections.forget(&connection, now).await {
            Ok(Some(known)) => known,
            Ok(None) => return,
            Err(error) => {
                warn!(%error, "a connection that closed was not forgotten");
                return;
            }
        };
        for session in known.sessions {
            let key = SessionKey { principal: known.principal.clone(), session };
            let detach = Transition::Detach { connection: connection.clone(), seen: None };
            if let Err(error) = self.sessions.apply(&key, &detach, now).await {
                warn!(session = key.log_name(), %error, "a connection that closed was not detached");
            }
        }
    }
}

/// Of the subprotocols that were offered, the gateway chooses `bearer` and never repeats the token.
fn accept(event: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
    let mut response = respond(200, None);
    let offered = event.headers.get("sec-websocket-protocol").and_then(|offered| offered.to_str().ok());
    if offered.is_some_and(|offered| offered.split(',').next().is_some_and(|first| first.trim() == BEARER)) {
        response.headers.insert("sec-websocket-protocol", HeaderValue::from_static(BEARER));
    }
    response
}

fn refuse(status: i64, reason: &str) -> ApiGatewayProxyResponse {
    respond(status, Some(reason.to_owned()))
}

fn out_of_reach(error: &StoreError) -> ApiGatewayProxyResponse {
    warn!(%error, "refused a connection: the table is out of reach");
    refuse(503, "The gateway is not available; try again.")
}
