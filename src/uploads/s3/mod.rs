//! Uploads in a bucket on S3. A PUT that somebody else makes and a GET are all there is to it, so there is no SDK: requests
//! are signed here (Signature Version 4, Amazon S3 API Reference).

mod objects;
mod offers;

use reqwest::Url;

pub use objects::{LIMIT, S3Objects, SILENCE_LIMIT};
pub use offers::S3Offers;

use super::UploadKey;
use crate::agent::sign::Scope;

/// S3's name in signatures.
const SERVICE: &str = "s3";

/// A bucket, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Without a slash at the end.
    base: String,
    region: String,
}

impl Bucket {
    /// The bucket whose objects are under `url`: `https://NAME.s3.REGION.amazonaws.com`, or with the name in the path, as
    /// an emulator has it. It has to be the host of the region: S3's global one may answer by a redirect, which browsers do not
    /// follow in a preflight.
    #[must_use]
    pub fn at(url: &Url, region: impl Into<String>) -> Self {
        Self { base: url.as_str().trim_end_matches('/').to_owned(), region: region.into() }
    }

    /// Where an upload is.
    #[must_use]
    pub fn url(&self, key: &UploadKey) -> String {
        format!("{}/{}", self.base, key.path())
    }

    fn scope(&self) -> Scope<'_> {
        Scope { service: SERVICE, region: &self.region }
    }
}
