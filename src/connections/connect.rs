//! `$connect` and `$disconnect`.

use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use http::header::{HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderName, HeaderValue};
use tracing::warn;

use super::ConnectionsHandler;
use crate::gateway_event::{connection_of, respond};
use crate::protocol::ids::SessionId;
use crate::session::room::apply_making_room;
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Cursor, SessionKey};
use crate::subprotocol::Bearer;

impl ConnectionsHandler {
    /// Lets a connection in, or refuses it with a status: 403 for its origin or for want of a
    /// principal, 400 for its `sessionId`, 503 if the table is out of reach.
    pub(super) async fn connect(&self, event: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let header = |name: HeaderName| event.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let origin = header(ORIGIN);
        if !self.origins.allows(origin, header(HOST)) {
            return self.refuse_origin(origin.unwrap_or_default());
        }
        let session = match event.query_string_parameters.first("sessionId").map(SessionId::parse).transpose() {
            Ok(session) => session,
            Err(error) => return refuse(400, &format!("\"sessionId\" {error}.")),
        };
        let bearer = match Bearer::offered_in(&event.headers) {
            Ok(bearer) => bearer,
            Err(error) => return refuse(400, &format!("{error}.")),
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
            let (sessions, clock) = (self.sessions.as_ref(), self.clock.as_ref());
            if let Err(error) = apply_making_room(sessions, clock, &key, |_| attach.clone()).await {
                return out_of_reach(&error);
            }
        }
        accept(bearer)
    }

    /// Says to whoever runs the gateway, and to a client that can read it, what would let the client in.
    fn refuse_origin(&self, origin: &str) -> ApiGatewayProxyResponse {
        let Some(advice) = self.origins.how_to_allow(origin) else {
            warn!(origin, "refused a connection: its origin is not allowed");
            return refuse(403, "This origin is not allowed.");
        };
        warn!(origin, "refused a connection: its origin is not allowed (to allow it, {advice})");
        // Without a full stop, for the end is to be copied.
        refuse(403, &format!("This origin is not allowed. To allow it, {advice}"))
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

/// The subprotocol is chosen as the client wrote it, and the token is never repeated.
fn accept(bearer: Option<Bearer<'_>>) -> ApiGatewayProxyResponse {
    let mut response = respond(200, None);
    if let Some(word) = bearer.and_then(|bearer| HeaderValue::from_str(bearer.word).ok()) {
        response.headers.insert(SEC_WEBSOCKET_PROTOCOL, word);
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
