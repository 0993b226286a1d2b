//! Whose a connection is: its principal.
//!
//! It comes from what API Gateway says of an event, or from the connection's record, and never from a client's message.
//! Whoever deploys the gateway chooses how it is known. But where everybody is the same, an event that does not say it is
//! refused: a mistake in the deployment must not make strangers share their sessions.

use std::sync::Arc;

use aws_lambda_events::event::apigw::{ApiGatewayRequestIdentity, ApiGatewayWebsocketProxyRequest};
use tracing::warn;

use crate::clock::Timestamp;
use crate::gateway_event::connection_of;
use crate::protocol::ids::Principal;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::session::store::Owners;

/// The context member in which the authorizer leaves who a connection belongs to.
pub(crate) const PRINCIPAL: &str = "principalId";

/// The session name that Amazon Cognito gives to every identity of a pool when it assumes their role for them.
const COGNITO_SESSION: &str = "/CognitoIdentityCredentials";

/// How the principal of an event is known.
#[derive(Clone)]
pub enum Identity {
    /// It is not: everybody is [`Principal::anonymous`].
    Anonymous,
    /// The authorizer names it in each event.
    Token,
    /// `$connect` sees who signed the handshake. Whether later events say it again AWS does not document, so for them it is
    /// what `$connect` saw, which stands in the connection's record.
    Caller(Arc<dyn Owners>),
}

/// An event does not say whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// It has no principal of the authorizer.
    #[error("the event has no principal of an authorizer")]
    NoToken,
    /// It has no caller.
    #[error("the event has no IAM caller")]
    NoCaller,
    /// It has a caller that all identities of a pool have in common.
    #[error("the event's caller is a role of a Cognito identity pool, and the event does not say which identity")]
    NoIdentity,
    /// The connection has no record, or one of a gateway without authentication.
    #[error("the connection has no record of its principal")]
    NoRecord,
}

impl Identity {
    /// Whose the connection is that asks to be let in by `event`.
    ///
    /// # Errors
    /// [`Unidentified`]
    pub fn at_connect(&self, event: &ApiGatewayWebsocketProxyRequest) -> Result<Principal, Unidentified> {
        match self {
            Self::Anonymous => Ok(Principal::anonymous()),
            Self::Token => named_by_authorizer(event),
            Self::Caller(_) => caller_of(&event.request_context.identity),
        }
    }

    /// Whose the connection is that the later `event` is about.
    ///
    /// # Errors
    /// `unavailable`, which is retryable, if that is not known or the record is out of reach.
    pub async fn of(&self, event: &ApiGatewayWebsocketProxyRequest, now: Timestamp) -> Result<Principal, Rejection> {
        let Self::Caller(owners) = self else { return self.at_connect(event).map_err(unknown) };
        let owner = owners.owner(&connection_of(event)?, now).await.map_err(|error| {
            warn!(%error, "whose a connection is could not be read");
            refusal("Who sent this message could not be looked up; send it again.")
        })?;
        let owner = owner.ok_or(Unidentified::NoRecord).and_then(|owner| known(owner, Unidentified::NoRecord));
        // Releases before this one recorded the role.
        owner.and_then(not_shared).map_err(unknown)
    }
}

fn named_by_authorizer(event: &ApiGatewayWebsocketProxyRequest) -> Result<Principal, Unidentified> {
    let named = event.request_context.authorizer.fields.get(PRINCIPAL).and_then(|name| name.as_str());
    let principal = named.and_then(|name| Principal::parse(name).ok()).ok_or(Unidentified::NoToken)?;
    known(principal, Unidentified::NoToken)
}

/// The Cognito identity, for all of a pool have the role's ARN in common; else the caller's ARN.
fn caller_of(identity: &ApiGatewayRequestIdentity) -> Result<Principal, Unidentified> {
    let text = |member: &Option<String>| member.clone().filter(|text| !text.is_empty());
    let name = match (text(&identity.cognito_identity_pool_id), text(&identity.cognito_identity_id)) {
        (Some(pool), Some(id)) => format!("{pool}/{id}"),
        (None, None) => text(&identity.user_arn).ok_or(Unidentified::NoCaller)?,
        _ => return Err(Unidentified::NoIdentity),
    };
    let caller = Principal::parse(name).map_err(|_| Unidentified::NoCaller)?;
    known(not_shared(caller)?, Unidentified::NoCaller)
}

/// A role as Cognito assumes it is no principal: all identities of a pool would be one.
fn not_shared(caller: Principal) -> Result<Principal, Unidentified> {
    if caller.as_str().ends_with(COGNITO_SESSION) { Err(Unidentified::NoIdentity) } else { Ok(caller) }
}

/// The sessions of everybody, from when the gateway had no authentication, are nobody's now.
fn known(principal: Principal, otherwise: Unidentified) -> Result<Principal, Unidentified> {
    if principal.is_anonymous() { Err(otherwise) } else { Ok(principal) }
}

fn unknown(why: Unidentified) -> Rejection {
    warn!(%why, "refused a message");
    refusal("The gateway does not know who sent this message; connect again.")
}

fn refusal(message: &str) -> Rejection {
    Rejection::new(RejectCode::Unavailable, message)
}
