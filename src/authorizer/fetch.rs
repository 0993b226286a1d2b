//! Getting the issuer's documents over HTTP.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::issuer::difference;
use super::keyset::KeySet;
use super::{Difference, DocumentUrl, KeysAt};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long it may take to have the keys, with discovery: API Gateway waits 10 s for an authorizer, and a new
/// environment of the function needs its share of them.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest document that is read. Key sets have some kilobytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Fetches the keys of one issuer.
pub(super) struct Fetcher {
    issuer: String,
    keys_at: KeysAt,
    http: Client,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {} s", FETCH_TIMEOUT.as_secs())]
    TimedOut,
    #[error("{0}: {1}")]
    Transport(DocumentUrl, String),
    #[error("{0}: status {1}")]
    Status(DocumentUrl, StatusCode),
    #[error("{0}: the document has more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge(DocumentUrl),
    #[error("{0}: {1}")]
    Keys(DocumentUrl, &'static str),
    #[error("{0}: {1}")]
    Discovery(DocumentUrl, &'static str),
    #[error("{0}: it is another issuer's: its issuer {1}")]
    OtherIssuer(DocumentUrl, Difference),
}

/// What is read of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(super) fn new(issuer: String, keys_at: KeysAt) -> Result<Self, reqwest::Error> {
        let (KeysAt::Url(first) | KeysAt::Discovery(first)) = &keys_at;
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // Where the documents are is the issuer's to say, in one place.
            .redirect(reqwest::redirect::Policy::none())
            // The next fetch is an hour away, and the function sleeps meanwhile.
            .pool_max_idle_per_host(0);
        if first.is_loopback() {
            // What is on this machine no proxy can reach.
            builder = builder.no_proxy();
        }
        Ok(Self { issuer, keys_at, http: builder.build()? })
    }

    pub(super) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let fetch = async {
            let url = match &self.keys_at {
                KeysAt::Url(url) => url.clone(),
                KeysAt::Discovery(url) => self.discover(url).await?,
            };
            let document = self.get(&url).await?;
            KeySet::parse(&document).map_err(|reason| FetchError::Keys(url, reason))
        };
        tokio::time::timeout(FETCH_TIMEOUT, fetch).await.map_err(|_| FetchError::TimedOut)?
    }

    /// OpenID Connect Discovery 1.0, 4.
    async fn discover(&self, url: &DocumentUrl) -> Result<DocumentUrl, FetchError> {
        let document = self.get(url).await?;
        let invalid = |reason| FetchError::Discovery(url.clone(), reason);
        let found: Discovery = serde_json::from_slice(&document).map_err(|_| invalid("it is no discovery document"))?;
        // 4.3: they must be the same, or somebody else speaks for this issuer.
        if let Some(difference) = difference(&self.issuer, &found.issuer) {
            return Err(FetchError::OtherIssuer(url.clone(), difference));
        }
        found.jwks_uri.parse().map_err(|_| invalid("its jwks_uri does not begin with https://"))
    }

    async fn get(&self, url: &DocumentUrl) -> Result<Vec<u8>, FetchError> {
        let transport = |error: reqwest::Error| FetchError::Transport(url.clone(), root_cause(&error));
        let mut response = self.http.get(url.url().clone()).send().await.map_err(transport)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(url.clone(), response.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            document.extend_from_slice(&chunk);
            if document.len() > MAX_DOCUMENT_BYTES {
                return Err(FetchError::TooLarge(url.clone()));
            }
        }
        Ok(document)
    }
}

/// The innermost error's text: the outer ones repeat the URL and say nothing more.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
