//! Where the token of a connection stands.

use aws_lambda_events::event::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use http::HeaderMap;

use super::Refusal;
use crate::subprotocol::Bearer;

/// No token that comes in a header can be longer: API Gateway takes 10,240 bytes of request line and headers together
/// (quota "Total combined size of request line and header values").
pub(super) const MAX_TOKEN_BYTES: usize = 10_240;

/// The scheme of RFC 6750.
const BEARER: &str = "bearer";

/// The query parameter that may be allowed to hold a token.
const QUERY_PARAMETER: &str = "token";

/// The one token of `event`: after `Bearer` in `Authorization`, after `bearer` in `Sec-WebSocket-Protocol`, or in the
/// query, if that is allowed. If it is not, a token there is no token.
pub(super) fn token_of(event: &ApiGatewayCustomAuthorizerRequestTypeRequest, in_query: bool) -> Result<&str, Refusal> {
    // Of a header that came twice, `headers` has only the last value.
    let headers = if event.multi_value_headers.is_empty() { &event.headers } else { &event.multi_value_headers };
    let mut tokens = from_authorization(headers)?;
    // Another list holds no token; `$connect` refuses it, and says why.
    tokens.extend(Bearer::offered_in(headers).ok().flatten().map(|bearer| bearer.token));
    if in_query {
        tokens.extend(from_query(event));
    }
    match tokens[..] {
        [] | [""] => Err(Refusal::NoToken),
        [token] => Ok(token),
        _ => Err(Refusal::SeveralTokens),
    }
}

/// RFC 9110, 11.1: the scheme is case-insensitive. What another scheme says is no token.
fn from_authorization(headers: &HeaderMap) -> Result<Vec<&str>, Refusal> {
    let mut tokens = Vec::new();
    for value in headers.get_all("authorization") {
        let value = value.to_str().map_err(|_| Refusal::Malformed)?.trim();
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case(BEARER) {
            tokens.push(token.trim());
        }
    }
    Ok(tokens)
}

fn from_query(event: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Vec<&str> {
    let several = event.multi_value_query_string_parameters.all(QUERY_PARAMETER);
    several.or_else(|| event.query_string_parameters.all(QUERY_PARAMETER)).unwrap_or_default()
}
