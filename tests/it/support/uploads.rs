//! A place for uploads that remembers what it was asked, and fails when a test wants it to.

use std::collections::HashMap;
use std::sync::Mutex;

use agentcore_gateway::uploads::{FetchError, OfferError, UploadKey, UploadOffers, Uploads};
use async_trait::async_trait;
use bytes::Bytes;

#[derive(Default)]
pub struct RecordingUploads {
    stored: Mutex<HashMap<UploadKey, Bytes>>,
    offers: Mutex<Vec<(UploadKey, u64)>>,
    fetches: Mutex<usize>,
    fails: Mutex<Vec<FetchError>>,
    refuses: Mutex<Option<OfferError>>,
}

impl RecordingUploads {
    pub fn put(&self, key: UploadKey, body: impl Into<Bytes>) {
        self.stored.lock().unwrap().insert(key, body.into());
    }

    /// The next reads fail so, the last of these first.
    pub fn fail(&self, errors: Vec<FetchError>) {
        *self.fails.lock().unwrap() = errors;
    }

    pub fn refuse(&self, error: OfferError) {
        *self.refuses.lock().unwrap() = Some(error);
    }

    pub fn offers(&self) -> Vec<(UploadKey, u64)> {
        self.offers.lock().unwrap().clone()
    }

    pub fn fetches(&self) -> usize {
        *self.fetches.lock().unwrap()
    }
}

#[async_trait]
impl UploadOffers for RecordingUploads {
    async fn offer(&self, key: &UploadKey, bytes: u64) -> Result<String, OfferError> {
        if let Some(error) = self.refuses.lock().unwrap().clone() {
            return Err(error);
        }
        self.offers.lock().unwrap().push((key.clone(), bytes));
        Ok(format!("https://uploads.test/{}", key.path()))
    }
}

#[async_trait]
impl Uploads for RecordingUploads {
    async fn fetch(&self, key: &UploadKey, limit: u64) -> Result<Bytes, FetchError> {
        *self.fetches.lock().unwrap() += 1;
        if let Some(error) = self.fails.lock().unwrap().pop() {
            return Err(error);
        }
        let stored = self.stored.lock().unwrap().get(key).cloned().ok_or(FetchError::Missing)?;
        if stored.len() as u64 > limit { Err(FetchError::TooLarge { limit }) } else { Ok(stored) }
    }
}
