//! A POST to a URL, for who develops what is told: on one machine there is no event bus.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::{RunEnded, RunEvents};
use crate::agent::client::{is_loopback, root_cause};
use crate::random::Random;

/// How many events may be under way; while there are so many, a newer one is dropped. What is under way is soon told or given
/// up, and a receiver that is away has missed the beginning either way.
pub const MOST_PENDING: usize = 256;

/// How long an event is tried.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long an attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two attempts: at first at most so long, then twice, up to the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Posts the JSON of each run that ends, in the background: whoever says that it has ended does not wait.
#[derive(Debug)]
pub struct Webhook {
    receiver: Arc<Receiver>,
    pending: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Receiver {
    url: Url,
    http: Client,
    random: Arc<Random>,
}

impl Webhook {
    /// Posts to `url`, which is logged nowhere: it may hold a secret.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn new(url: Url, random: Arc<Random>) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            // What a run says of its client is for who is named.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        // What is on this machine no proxy can reach.
        let builder = if is_loopback(&url) { builder.no_proxy() } else { builder };
        let receiver = Receiver { url, http: builder.build()?, random };
        Ok(Self { receiver: Arc::new(receiver), pending: Mutex::default() })
    }

    /// Gives what is under way so long, and drops the rest.
    pub async fn finish(&self, grace: Duration) {
        let mut pending = std::mem::take(&mut *self.pending());
        let all = async { while pending.join_next().await.is_some() {} };
        if timeout(grace, all).await.is_err() {
            warn!(dropped = pending.len(), "stopped before all were told of runs that have ended");
        }
    }

    fn pending(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RunEvents for Webhook {
    async fn ended(&self, run: &RunEnded) {
        let mut pending = self.pending();
        while pending.try_join_next().is_some() {}
        if pending.len() >= MOST_PENDING {
            warn!(request = %run.request_id, "nobody is told that a run has ended: too much is under way");
            return;
        }
        let (receiver, run) = (self.receiver.clone(), run.clone());
        pending.spawn(async move {
            if let Err(error) = receiver.tell(&run.to_text()).await {
                warn!(request = %run.request_id, %error, "nobody was told that a run has ended");
            }
        });
    }
}

impl Receiver {
    async fn tell(&self, body: &str) -> Result<(), PostError> {
        let began = Instant::now();
        let mut longest = PAUSE;
        loop {
            let Err(error) = self.post(body).await else { return Ok(()) };
            let pause = self.random.jitter(longest);
            if !error.may_pass() || began.elapsed() + pause >= PATIENCE {
                return Err(error);
            }
            sleep(pause).await;
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }

    async fn post(&self, body: &str) -> Result<(), PostError> {
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let response = request.body(body.to_owned()).send().await;
        let status = response.map_err(|error| PostError::NoAnswer(root_cause(&error)))?.status();
        if status.is_success() { Ok(()) } else { Err(PostError::Refused(status)) }
    }
}

/// Why the receiver does not have an event.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("answered with status {}", .0.as_u16())]
    Refused(StatusCode),
}

impl PostError {
    /// Whether another attempt may succeed: not where the receiver says that the request is at fault, or elsewhere.
    fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Refused(status) => status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429),
        }
    }
}
