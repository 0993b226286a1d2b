//! A bucket: what was offered an address may come once, or late, or never.

use std::collections::HashMap;
use std::sync::Mutex;

use agentcore_gateway::uploads::{FetchError, OfferError, UploadKey, UploadOffers, Uploads};
use async_trait::async_trait;
use bytes::Bytes;

use super::stores::Troubled;

#[derive(Default)]
pub struct Bucket {
    /// By the address that was given for it.
    offered: Mutex<HashMap<String, UploadKey>>,
    stored: Mutex<HashMap<UploadKey, Bytes>>,
}

impl Bucket {
    pub fn put(&self, url: &str, body: String) {
        let key = self.offered.lock().unwrap().get(url).cloned().expect("an address that was given");
        self.stored.lock().unwrap().insert(key, body.into());
    }
}

#[async_trait]
impl UploadOffers for Bucket {
    async fn offer(&self, key: &UploadKey, _: u64) -> Result<String, OfferError> {
        let url = key.path();
        self.offered.lock().unwrap().insert(url.clone(), key.clone());
        Ok(url)
    }
}

#[async_trait]
impl Uploads for Troubled<Bucket> {
    async fn fetch(&self, key: &UploadKey, _: u64) -> Result<Bytes, FetchError> {
        let fetch = async { self.inner.stored.lock().unwrap().get(key).cloned() };
        let fetched = self.trouble.once(fetch).await.map_err(|error| FetchError::Unavailable(error.to_string()))?;
        fetched.ok_or(FetchError::Missing)
    }
}
