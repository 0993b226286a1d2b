//! What the handlers read from an event of API Gateway, and how they answer it.

use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};

use crate::protocol::answer::Answer;
use crate::protocol::ids::ConnectionId;
use crate::protocol::rejection::{RejectCode, Rejection};

/// The connection that an event is about.
///
/// # Errors
/// `unavailable` for an event without one; API Gateway sends none such.
pub(crate) fn connection_of(event: &ApiGatewayWebsocketProxyRequest) -> Result<ConnectionId, Rejection> {
    let id = event.request_context.connection_id.as_deref().unwrap_or_default();
    let unknown = || Rejection::new(RejectCode::Unavailable, "The gateway does not know where this message came from.");
    ConnectionId::parse(id).map_err(|_| unknown())
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
