//! AWS Signature Version 4, as a pure function of request, credentials and time.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::Clock;

/// The one service that has rules of its own.
const S3: &str = "s3";

/// What a value in a query may hold unencoded (RFC 3986, "unreserved").
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request to be signed. The URL is signed as it is, so the HTTP client must send the very same text.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The whole URL, its path percent-encoded once.
    pub url: &'a str,
    /// The headers to sign. Never `x-amzn-trace-id` or `user-agent`: proxies change them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; a presigned URL does not depend on it.
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
    let (credentials, time) = credentials_now(provider, clock).await?;
    signed_headers(request, &credentials, scope, time)
}

/// The URL of `request`, signed with the credentials that `provider` has now. As [`presigned_url`].
///
/// # Errors
/// [`SignError`]
pub async fn url_presigned_by(
    provider: Option<&SharedCredentialsProvider>,
    request: Unsigned<'_>,
    valid_for: Duration,
    scope: Scope<'_>,
    clock: &dyn Clock,
) -> Result<String, SignError> {
    let (credentials, time) = credentials_now(provider, clock).await?;
    presigned_url(request, valid_for, &credentials, scope, time)
}

async fn credentials_now(
    provider: Option<&SharedCredentialsProvider>,
    clock: &dyn Clock,
) -> Result<(Credentials, SystemTime), SignError> {
    let credentials = provider.ok_or(SignError::NoProvider)?.provide_credentials().await?;
    Ok((credentials, SystemTime::UNIX_EPOCH + Duration::from_millis(clock.now().0)))
}

/// The headers to add to `request`: `authorization`, `x-amz-date`, with temporary credentials `x-amz-security-token`, and
/// for S3 `x-amz-content-sha256`.
///
/// # Errors
/// [`SignError::Request`]
pub fn signed_headers(
    request: Unsigned<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: SystemTime,
) -> Result<Vec<(String, String)>, SignError> {
    let body = SignableBody::Bytes(request.body);
    let (headers, _) = signed(request, body, settings(scope), credentials, scope, time)?.into_parts();
    Ok(headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
}

/// The URL of `request`, which has no query, with the signature in its query: for so long whoever has the URL may send the
/// request, with its headers as they are here, and with any body. It is a secret until then.
///
/// # Errors
/// [`SignError::Request`]
pub fn presigned_url(
    request: Unsigned<'_>,
    valid_for: Duration,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: SystemTime,
) -> Result<String, SignError> {
    let mut settings = settings(scope);
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(valid_for);
    let body = SignableBody::UnsignedPayload;
    let (_, parameters) = signed(request, body, settings, credentials, scope, time)?.into_parts();
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, VALUE))).collect();
    Ok(format!("{}?{}", request.url, parameters.join("&")))
}

/// How the service wants requests to be signed: S3 takes paths as they are, and wants to be told the digest of the body.
fn settings(scope: Scope<'_>) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if scope.service == S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

fn signed(
    request: Unsigned<'_>,
    body: SignableBody<'_>,
    settings: SigningSettings,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: SystemTime,
) -> Result<SigningInstructions, SignError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| SignError::Request(error.to_string()))?
        .into();
    let signable = SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body)
        .map_err(|error| SignError::Request(error.to_string()))?;
    let output = sign(signable, &parameters).map_err(|error| SignError::Request(error.to_string()))?;
    Ok(output.into_parts().0)
}
