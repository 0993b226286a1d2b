//! Reading what was uploaded: `GetObject`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;
use reqwest::{Client, Response, StatusCode};

use super::Bucket;
use crate::agent::client::root_cause;
use crate::agent::sign::{Unsigned, headers_signed_by};
use crate::clock::Clock;
use crate::uploads::{FetchError, UploadKey, Uploads};

/// How long an upload may take to come. The largest takes a second or two.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How long nothing may come of it.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A function is frozen between its calls, and a connection that stood idle meanwhile may be dead without a word.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// How much is read of an error. S3's are some hundred bytes.
const MAX_ERROR_BYTES: usize = 4096;

/// S3's code for an object that is not there; a bucket that is not there has another, and is no fault of a client's.
const NO_SUCH_KEY: &str = "NoSuchKey";

/// Reads the objects of a bucket. It reports; whether to try again is the caller's decision.
pub struct S3Objects {
    bucket: Bucket,
    /// Made for the first upload: it reads the system's certificates, which is much of a function's start.
    http: OnceLock<Client>,
    credentials: Option<SharedCredentialsProvider>,
    clock: Arc<dyn Clock>,
}

impl S3Objects {
    /// Reads those of `bucket`, with requests signed with `credentials`.
    #[must_use]
    pub fn new(bucket: Bucket, credentials: Option<SharedCredentialsProvider>, clock: Arc<dyn Clock>) -> Self {
        Self { bucket, http: OnceLock::new(), credentials, clock }
    }

    fn http(&self) -> Result<&Client, FetchError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_LIMIT)
            .timeout(LIMIT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // A signed request is for the host that it was signed for.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| broken_off(&error))?;
        Ok(self.http.get_or_init(|| http))
    }

    async fn get(&self, url: &str) -> Result<Response, FetchError> {
        let unsigned = Unsigned { method: "GET", url, headers: &[], body: b"" };
        let headers = headers_signed_by(self.credentials.as_ref(), unsigned, self.bucket.scope(), &*self.clock)
            .await
            .map_err(|error| FetchError::Unavailable(error.to_string()))?;
        let request =
            headers.into_iter().fold(self.http()?.get(url), |request, (name, value)| request.header(name, value));
        request.send().await.map_err(|error| broken_off(&error))
    }
}

#[async_trait]
impl Uploads for S3Objects {
    async fn fetch(&self, key: &UploadKey, limit: u64) -> Result<Bytes, FetchError> {
        let response = self.get(&self.bucket.url(key)).await?;
        if response.status() == StatusCode::OK { read(response, limit).await } else { Err(refusal(response).await) }
    }
}

fn broken_off(error: &reqwest::Error) -> FetchError {
    FetchError::Unavailable(root_cause(error))
}

/// The body, in one piece of memory that is as large as it is: a worker has little more than the largest takes.
async fn read(mut response: Response, limit: u64) -> Result<Bytes, FetchError> {
    let too_large = FetchError::TooLarge { limit };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let length = response.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if length > limit {
        return Err(too_large);
    }
    let mut body = Vec::with_capacity(length);
    while let Some(chunk) = response.chunk().await.map_err(|error| broken_off(&error))? {
        if chunk.len() > limit - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// What an answer without the object means.
async fn refusal(mut response: Response) -> FetchError {
    let status = response.status();
    let mut body = Vec::new();
    while body.len() < MAX_ERROR_BYTES {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    let code = code_of(&body);
    match status {
        // Without the code it may be the bucket that is missing.
        StatusCode::NOT_FOUND if code == NO_SUCH_KEY => FetchError::Missing,
        _ => FetchError::Unavailable(format!("refused with status {}: {code}", status.as_u16())),
    }
}

/// The `Code` of S3's XML, or nothing. Codes are words, so what is none is not repeated in a log.
fn code_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    if code.bytes().all(|byte| byte.is_ascii_alphanumeric()) { code.to_owned() } else { String::new() }
}
