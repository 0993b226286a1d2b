//! Prompts that are larger than a message: where they are uploaded to, and from where the worker reads them.

#[cfg(feature = "s3")]
pub mod s3;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::digest;
use crate::protocol::ids::{Principal, UploadId};

/// How long an address takes its upload.
pub const OFFERED_FOR: Duration = Duration::from_secs(5 * 60);

/// How long an upload can be named by prompts.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How many bytes an upload may have unless a setting says otherwise.
pub const MAX_BYTES: u64 = 20 * 1000 * 1000;

/// What an upload is stored under. It begins with the principal, so nobody can name another's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadKey {
    /// Whose it is.
    pub principal: Principal,
    /// Which of that one's.
    pub upload: UploadId,
}

impl UploadKey {
    /// The key as a path: `uploads/<principal, 32 hex digits>/<uploadId>`. All its characters stand for themselves in a URL.
    #[must_use]
    pub fn path(&self) -> String {
        format!("uploads/{}/{}", digest::short_hex(&[self.principal.as_str()]), self.upload)
    }
}

/// Why no address can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// There is no room for it now.
    #[error("there is no room for more uploads")]
    Full,
    /// It cannot be signed now.
    #[error("no address can be made: {0}")]
    Unavailable(String),
}

/// Why an upload cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It is not there: it never came, or is no longer kept.
    #[error("it is not there")]
    Missing,
    /// It has more bytes than may be read.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// So many may be read.
        limit: u64,
    },
    /// It could not be reached; it may be there.
    #[error("it cannot be reached: {0}")]
    Unavailable(String),
}

/// Where uploads are offered an address.
#[async_trait]
pub trait UploadOffers: Send + Sync {
    /// The URL that takes one HTTP PUT of exactly so many bytes for `key`, with `Content-Type: application/json` and
    /// `If-None-Match: *`, for [`OFFERED_FOR`].
    ///
    /// # Errors
    /// [`OfferError`]
    async fn offer(&self, key: &UploadKey, bytes: u64) -> Result<String, OfferError>;
}

/// Where uploads are read.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// What was uploaded for `key`, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`FetchError`]
    async fn fetch(&self, key: &UploadKey, limit: u64) -> Result<Bytes, FetchError>;
}

/// A place for uploads, and how many bytes each may have.
pub struct UploadRoom<T: ?Sized> {
    /// The place.
    pub store: Arc<T>,
    /// The limit, in bytes.
    pub max_bytes: u64,
}

impl<T: ?Sized> Clone for UploadRoom<T> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), max_bytes: self.max_bytes }
    }
}
