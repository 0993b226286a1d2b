//! Events of the WebSocket API as they come.

use std::collections::HashMap;

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An event of which nothing is read but what the handlers look at.
///
/// The type of `aws_lambda_events` reads all of it, and refuses an event for members that nobody here needs: if
/// `connectedAt` is missing, or `identity` is null. API Gateway documents events only by examples, which differ in this.
/// A refused event is a failure of the function, of which the client learns nothing but "Internal server error".
#[derive(Debug)]
pub struct WebSocketEvent(ApiGatewayWebsocketProxyRequest);

impl From<WebSocketEvent> for ApiGatewayWebsocketProxyRequest {
    fn from(event: WebSocketEvent) -> Self {
        event.0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    request_context: Context,
    headers: Option<HashMap<String, Value>>,
    multi_value_headers: Option<HashMap<String, Value>>,
    query_string_parameters: Option<HashMap<String, String>>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    route_key: Option<String>,
    connection_id: Option<String>,
    authorizer: Option<HashMap<String, Value>>,
    identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    user_arn: Option<String>,
    cognito_identity_pool_id: Option<String>,
    cognito_identity_id: Option<String>,
}

impl<'de> Deserialize<'de> for WebSocketEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Event::deserialize(deserializer)?;
        let mut request = ApiGatewayWebsocketProxyRequest::default();
        request.headers = event.headers.into_iter().flatten().filter_map(header).collect();
        for (name, lines) in event.multi_value_headers.iter().flatten() {
            put_all_lines(&mut request.headers, name, lines);
        }
        let parameters = event.query_string_parameters.unwrap_or_default();
        let parameters = parameters.into_iter().map(|(name, value)| (name, vec![value]));
        request.query_string_parameters = parameters.collect::<HashMap<_, _>>().into();
        request.body = event.body;
        let context = &mut request.request_context;
        context.route_key = event.request_context.route_key;
        context.connection_id = event.request_context.connection_id;
        context.authorizer.fields = event.request_context.authorizer.unwrap_or_default();
        if let Some(identity) = event.request_context.identity {
            context.identity.user_arn = identity.user_arn;
            context.identity.cognito_identity_pool_id = identity.cognito_identity_pool_id;
            context.identity.cognito_identity_id = identity.cognito_identity_id;
        }
        Ok(Self(request))
    }
}

/// What is no header cannot be one of those that the handlers look at.
fn header((name, value): (String, Value)) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, line(&value)?))
}

fn line(value: &Value) -> Option<HeaderValue> {
    HeaderValue::from_str(value.as_str()?).ok()
}

/// Of a header that came in several lines, `headers` has only the last.
fn put_all_lines(headers: &mut HeaderMap, name: &str, lines: &Value) {
    let lines = lines.as_array().filter(|lines| lines.len() > 1);
    let Some((lines, name)) = lines.zip(HeaderName::from_bytes(name.as_bytes()).ok()) else { return };
    headers.remove(&name);
    for line in lines.iter().filter_map(line) {
        headers.append(&name, line);
    }
}
