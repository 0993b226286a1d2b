//! What the handlers read from an event of API Gateway, and how they answer it.

use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};

use crate::protocol::answer::Answer;
use crate::protocol::ids::{ConnectionId, Principal};
use crate::protocol::rejection::{RejectCode, Rejection};

/// The context member in which the authorizer function leaves who a connection belongs to.
const PRINCIPAL: &str = "principalId";

/// The connection that an event is about.
///
/// # Errors
/// `unavailable` for an event without one; API Gateway sends none such.
pub(crate) fn connection_of(event: &ApiGatewayWebsocketProxyRequest) -> Result<ConnectionId, Rejection> {
    let id = event.request_context.connection_id.as_deref().unwrap_or_default();
    ConnectionId::parse(id).map_err(|_| incomplete())
}

/// Who the connection of an event belongs to: whom the authorizer names, else the IAM caller, else everybody.
///
/// # Errors
/// `unavailable` for a principal that cannot be one.
pub(crate) fn principal_of(event: &ApiGatewayWebsocketProxyRequest) -> Result<Principal, Rejection> {
    let context = &event.request_context;
    let named = context.authorizer.fields.get(PRINCIPAL).and_then(|name| name.as_str());
    let caller = context.identity.user_arn.as_deref().or(context.identity.user.as_deref());
    match named.or(caller) {
        Some(name) => Principal::parse(name).map_err(|_| incomplete()),
        None => Ok(Principal::anonymous()),
    }
}

fn incomplete() -> Rejection {
    Rejection::new(RejectCode::Unavailable, "The gateway does not know who sent this message.")
}

/// The function's response that hands `answer` to the client, through the route's response.
pub(crate) fn answer_with(answer: &Answer) -> ApiGatewayProxyResponse {
    respond(200, Some(answer.to_text()))
}

/// A response with `status`, which counts only in `$connect`.
pub(crate) fn respond(status: i64, body: Option<String>) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.body = body.map(Body::Text);
    response
}
