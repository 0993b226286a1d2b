//! AWS Signature Version 4, as a pure function of request, credentials and time.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

/// The service's signing name.
const SERVICE: &str = "bedrock-agentcore";

/// A request to be signed. The URL is signed as it is, so the HTTP client must send the very same text.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The whole URL, its path percent-encoded once.
    pub url: &'a str,
    /// The headers to sign. Never `x-amzn-trace-id` or `user-agent`: proxies change them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// A request that could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the request could not be signed: {0}")]
pub struct SignError(String);

/// The headers to add to `request`: `authorization`, `x-amz-date` and, with temporary credentials,
/// `x-amz-security-token`.
///
/// # Errors
/// [`SignError`] for a URL or header that is none.
pub fn signed_headers(
    request: Unsigned<'_>,
    credentials: &Credentials,
    region: &str,
    time: SystemTime,
) -> Result<Vec<(String, String)>, SignError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| SignError(error.to_string()))?
        .into();
    let signable = SignableRequest::new(
        request.method,
        request.url,
        request.headers.iter().copied(),
        SignableBody::Bytes(request.body),
    )
    .map_err(|error| SignError(error.to_string()))?;
    let output = sign(signable, &parameters).map_err(|error| SignError(error.to_string()))?;
    let (instructions, _signature) = output.into_parts();
    let (headers, _query) = instructions.into_parts();
    Ok(headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
}
