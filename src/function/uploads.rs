//! Where uploads are, for the functions that offer and read them.

use std::sync::Arc;

use aws_config::SdkConfig;
use reqwest::Url;

use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::uploads::s3::{Bucket, S3Objects, S3Offers};
use crate::uploads::{MAX_BYTES, UploadOffers, UploadRoom, Uploads};

/// The bucket of uploads, and how many bytes each may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadBucket {
    /// The bucket.
    pub bucket: Bucket,
    /// The limit, in bytes.
    pub max_bytes: u64,
}

impl UploadBucket {
    /// Reads `UPLOADS_URL` (the address of the bucket; none: there are no uploads), `AWS_REGION`, which is the bucket's too,
    /// and `MAX_UPLOAD_BYTES`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Option<Self>, InvalidVariable> {
        let Some(url) = environment.optional("UPLOADS_URL") else { return Ok(None) };
        let url = Url::parse(url).ok().filter(is_base);
        let url = url.ok_or_else(|| InvalidVariable::new("UPLOADS_URL", "be the http(s):// URL of a bucket"))?;
        let bucket = Bucket::at(&url, environment.required("AWS_REGION")?);
        let max_bytes = environment.count("MAX_UPLOAD_BYTES", MAX_BYTES as u32)?.into();
        Ok(Some(Self { bucket, max_bytes }))
    }

    /// For the function that offers uploads a place there.
    #[must_use]
    pub fn offers(self, aws: &SdkConfig) -> UploadRoom<dyn UploadOffers> {
        let store = S3Offers::new(self.bucket, aws.credentials_provider(), Arc::new(SystemClock));
        UploadRoom { store: Arc::new(store), max_bytes: self.max_bytes }
    }

    /// For the function that reads them.
    #[must_use]
    pub fn uploads(self, aws: &SdkConfig) -> UploadRoom<dyn Uploads> {
        let store = S3Objects::new(self.bucket, aws.credentials_provider(), Arc::new(SystemClock));
        UploadRoom { store: Arc::new(store), max_bytes: self.max_bytes }
    }
}

fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
}
