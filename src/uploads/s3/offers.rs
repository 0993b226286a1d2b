//! Presigned URLs, each for one PUT.

use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH};

use super::Bucket;
use crate::agent::sign::{Unsigned, url_presigned_by};
use crate::clock::Clock;
use crate::uploads::{OFFERED_FOR, OfferError, UploadKey, UploadOffers};

/// Offers uploads a place in a bucket. It calls nobody: a URL holds all that S3 has to know, and takes what the credentials
/// may put that it is signed with.
pub struct S3Offers {
    bucket: Bucket,
    credentials: Option<SharedCredentialsProvider>,
    clock: Arc<dyn Clock>,
}

impl S3Offers {
    /// URLs of `bucket`, signed with `credentials`.
    #[must_use]
    pub fn new(bucket: Bucket, credentials: Option<SharedCredentialsProvider>, clock: Arc<dyn Clock>) -> Self {
        Self { bucket, credentials, clock }
    }
}

#[async_trait]
impl UploadOffers for S3Offers {
    async fn offer(&self, key: &UploadKey, bytes: u64) -> Result<String, OfferError> {
        let length = bytes.to_string();
        // Signed, so S3 refuses a request that has others: the length is the one that was asked for, and what is there is
        // never overwritten.
        let headers = [
            (CONTENT_LENGTH.as_str(), length.as_str()),
            (CONTENT_TYPE.as_str(), "application/json"),
            (IF_NONE_MATCH.as_str(), "*"),
        ];
        let unsigned = Unsigned { method: "PUT", url: &self.bucket.url(key), headers: &headers, body: b"" };
        url_presigned_by(self.credentials.as_ref(), unsigned, OFFERED_FOR, self.bucket.scope(), &*self.clock)
            .await
            .map_err(|error| OfferError::Unavailable(error.to_string()))
    }
}
