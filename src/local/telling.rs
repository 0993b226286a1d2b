//! Telling somebody of runs that have ended, on one machine: whoever `--on-run-ended` names.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use crate::random::Random;
use crate::run_ended::webhook::Webhook;
use crate::run_ended::{Nobody, RunEvents};

/// How long a gateway that stops goes on with what is under way.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Who is told.
#[derive(Debug)]
pub(super) struct Telling(Option<Arc<Webhook>>);

impl Telling {
    /// Posts to `url`, if there is one.
    pub(super) fn to(url: Option<Url>, random: &Arc<Random>) -> Result<Self, reqwest::Error> {
        let webhook = url.map(|url| Webhook::new(url, random.clone())).transpose()?;
        Ok(Self(webhook.map(Arc::new)))
    }

    /// As those know it who give runs their endings.
    pub(super) fn events(&self) -> Arc<dyn RunEvents> {
        match &self.0 {
            Some(webhook) => webhook.clone(),
            None => Arc::new(Nobody),
        }
    }

    /// Lets what is under way come to its end, for no longer than 3 s.
    pub(super) async fn finish(&self) {
        if let Some(webhook) = &self.0 {
            webhook.finish(LAST_WORDS).await;
        }
    }
}
