//! The issuer's keys, kept for as long as they are good for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::{info, warn};

use super::fetch::Fetcher;
use super::keyset::{Key, KeySet};
use super::{KeysAt, Refusal};
use crate::clock::{Clock, Timestamp};

/// From when on keys are fetched anew. A key that the issuer withdraws is trusted for that long.
const REFRESH_AFTER: Duration = Duration::from_secs(60 * 60);

/// For how long keys are still used if they cannot be fetched anew: the issuer may be out of reach for a day.
const TRUST_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The time between two fetches. Anybody can make up ids of keys, and each could be a new key of the issuer.
const PAUSE: Duration = Duration::from_secs(30);

/// The time between two fetches while there are no keys at all, and nobody can connect.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// Fetches keys when they are asked for, and keeps them.
pub(super) struct Keys {
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    // Held while keys are fetched: who asks meanwhile waits for the same answer.
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    keys: KeySet,
    fetched: Option<Timestamp>,
    tried: Option<Timestamp>,
}

impl Keys {
    pub(super) fn new(issuer: String, keys_at: KeysAt, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self { fetcher: Fetcher::new(issuer, keys_at)?, clock, cache: Mutex::default() })
    }

    /// The key that a token with this `kid` and this algorithm means.
    pub(super) async fn find(
        &self,
        kid: Option<&str>,
        algorithm: jsonwebtoken::Algorithm,
    ) -> Result<Arc<Key>, Refusal> {
        let mut cache = self.cache.lock().await;
        let now = self.clock.now();
        if cache.should_fetch(kid, now) {
            cache.tried = Some(now);
            match self.fetcher.fetch().await {
                Ok(keys) => {
                    info!("fetched the issuer's keys");
                    (cache.keys, cache.fetched) = (keys, Some(now));
                }
                Err(error) => warn!(%error, "the issuer's keys could not be fetched"),
            }
        }
        if cache.is_trusted(now) { cache.keys.find(kid, algorithm) } else { Err(Refusal::NoKeys) }
    }
}

impl Cache {
    fn should_fetch(&self, kid: Option<&str>, now: Timestamp) -> bool {
        let pause = if self.is_trusted(now) { PAUSE } else { PAUSE_WITHOUT_KEYS };
        let fresh = self.fetched.is_some_and(|fetched| now.since(fetched) < REFRESH_AFTER);
        let wanted = !fresh || !self.keys.knows(kid);
        wanted && self.tried.is_none_or(|tried| now.since(tried) >= pause)
    }

    fn is_trusted(&self, now: Timestamp) -> bool {
        self.fetched.is_some_and(|fetched| now.since(fetched) < TRUST_FOR)
    }
}
