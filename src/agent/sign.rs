//! AWS Signature Version 4, as a pure function of request, credentials and time.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::clock::Clock;

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

/// Where a signature is good.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The service's signing name.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
}

/// A request that could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Nobody gives credentials here.
    #[error("no provider is configured")]
    NoProvider,
    /// Who gives them has none.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A URL or header is none.
    #[error("the request could not be signed: {0}")]
    Request(String),
}

/// The headers to add to `request`, signed with the credentials that `provider` has now. As [`signed_headers`].
///
/// # Errors
/// [`SignError`]
pub async fn headers_signed_by(
    provider: Option<&SharedCredentialsProvider>,
    request: Unsigned<'_>,
    scope: Scope<'_>,
    clock: &dyn Clock,
) -> Result<Vec<(String, String)>, SignError> {
    let credentials = provider.ok_or(SignError::NoProvider)?.provide_credentials().await?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(clock.now().0);
    signed_headers(request, &credentials, scope, time)
}

/// The headers to add to `request`: `authorization`, `x-amz-date` and, with temporary credentials,
/// `x-amz-security-token`.
///
/// # Errors
/// [`SignError::Request`]
pub fn signed_headers(
    request: Unsigned<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: SystemTime,
) -> Result<Vec<(String, String)>, SignError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| SignError::Request(error.to_string()))?
        .into();
    let signable = SignableRequest::new(
        request.method,
        request.url,
        request.headers.iter().copied(),
        SignableBody::Bytes(request.body),
    )
    .map_err(|error| SignError::Request(error.to_string()))?;
    let output = sign(signable, &parameters).map_err(|error| SignError::Request(error.to_string()))?;
    let (instructions, _signature) = output.into_parts();
    let (headers, _query) = instructions.into_parts();
    Ok(headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
}
