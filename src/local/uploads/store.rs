//! Uploads in memory, for one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::address;
use super::head::Put;
use super::named;
use super::refusal::Refusal;
use super::state::State;
use crate::clock::Clock;
use crate::queue::memory::MemoryQueue;
use crate::random::Random;
use crate::uploads::{FetchError, OFFERED_FOR, OfferError, UploadKey, UploadOffers, Uploads};

/// How many bytes all uploads may have together, those that are on their way included.
pub const ROOM: u64 = 64 * 1024 * 1024;

/// How many may be on their way at once.
pub const MAX_AT_ONCE: usize = 16;

/// How many addresses count that nothing has come to; of more, the newest.
pub const MAX_OFFERS: usize = 1000;

/// What was uploaded, and may be.
pub struct MemoryUploads {
    queue: Arc<MemoryQueue>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    state: Mutex<State>,
}

impl MemoryUploads {
    /// An empty place, for what prompts in `queue` name.
    #[must_use]
    pub fn new(queue: Arc<MemoryQueue>, clock: Arc<dyn Clock>, random: Arc<Random>) -> Self {
        Self { queue, clock, random, state: Mutex::new(State::new(ROOM)) }
    }

    /// The same place for clients who reach it at `origin` ([`super::origin_of`]).
    #[must_use]
    pub fn at(self: &Arc<Self>, origin: &str) -> Arc<dyn UploadOffers> {
        Arc::new(OffersAt { uploads: Arc::clone(self), origin: origin.to_owned() })
    }

    /// How much of [`ROOM`] is taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.lock().taken()
    }

    /// Takes the upload that `put` begins, or says why not.
    pub(super) fn begin(&self, put: &Put<'_>) -> Result<Coming<'_>, Refusal> {
        let bytes = usize::try_from(put.bytes).map_err(|_| Refusal::forbidden("The upload is too large."))?;
        let mut state = self.lock();
        state.expire(self.clock.now());
        state.begin(put, self.clock.now(), self.is_named())?;
        Ok(Coming { uploads: self, path: put.path.to_owned(), bytes, received: None })
    }

    /// Whether a prompt names the upload at a path. It is looked up at the first question, for that is seldom: only when
    /// there is no room. A prompt that comes later finds what is there then.
    fn is_named(&self) -> impl Fn(&str) -> bool {
        let named = std::cell::OnceCell::new();
        move |path| named.get_or_init(|| named::in_queue(&self.queue)).contains(path)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload on its way. Whatever becomes of its request, the next may begin when this is dropped.
pub(super) struct Coming<'a> {
    uploads: &'a MemoryUploads,
    path: String,
    bytes: usize,
    received: Option<Bytes>,
}

impl Coming<'_> {
    /// How many bytes it will have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps what has come.
    pub(super) fn finish(mut self, bytes: Bytes) {
        self.received = Some(bytes);
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.uploads.lock().end(&self.path, self.received.take(), self.uploads.clock.now());
    }
}

/// Offers addresses that begin with an origin.
struct OffersAt {
    uploads: Arc<MemoryUploads>,
    origin: String,
}

#[async_trait]
impl UploadOffers for OffersAt {
    async fn offer(&self, key: &UploadKey, bytes: u64) -> Result<String, OfferError> {
        let (now, path, token) = (self.uploads.clock.now(), key.path(), self.uploads.random.unique_name());
        let mut state = self.uploads.lock();
        state.expire(now);
        // What does not fit now will not when it comes. It takes its place only then, for it may never come.
        if !state.has_room(bytes, self.uploads.is_named()) {
            return Err(OfferError::Full);
        }
        let url = address::url(&self.origin, &path, &token);
        state.offer(path, token, bytes, now.after(OFFERED_FOR));
        Ok(url)
    }
}

#[async_trait]
impl Uploads for MemoryUploads {
    async fn fetch(&self, key: &UploadKey, limit: u64) -> Result<Bytes, FetchError> {
        let bytes = self.lock().get(&key.path(), self.clock.now()).ok_or(FetchError::Missing)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > limit { Err(FetchError::TooLarge { limit }) } else { Ok(bytes) }
    }
}
