//! Pushes, counted by what came of them.

use std::sync::Arc;

use ::metrics::{Counter, Histogram};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{PUSH_DURATION, PUSHES};
use crate::protocol::ids::ConnectionId;
use crate::push::{Push, PushError};

/// A way to push that is measured. It is made once for a process: each push only adds to a few numbers.
pub struct MeasuredPush<P> {
    push: Arc<P>,
    /// Where it is worth to be known.
    duration: Option<Histogram>,
    ok: Counter,
    gone: Counter,
    throttled: Counter,
    too_large: Counter,
    unavailable: Counter,
}

impl<P: Push> MeasuredPush<P> {
    /// The same way, with what comes of each push.
    #[must_use]
    pub fn counted(push: Arc<P>) -> Self {
        let [ok, gone, throttled, too_large, unavailable] =
            ["ok", "gone", "throttled", "too_large", "unavailable"].map(|result| PUSHES.counter(&[result]));
        Self { push, duration: None, ok, gone, throttled, too_large, unavailable }
    }

    /// The same way, with what comes of each push and how long it takes.
    #[must_use]
    pub fn timed(push: P) -> Self {
        Self { duration: Some(PUSH_DURATION.durations(&[])), ..Self::counted(Arc::new(push)) }
    }

    fn count(&self, pushed: &Result<(), PushError>) {
        let counter = match pushed {
            Ok(()) => &self.ok,
            Err(PushError::Gone) => &self.gone,
            Err(PushError::Throttled) => &self.throttled,
            Err(PushError::TooLarge) => &self.too_large,
            Err(PushError::Unavailable(_)) => &self.unavailable,
        };
        counter.increment(1);
    }
}

#[async_trait]
impl<P: Push> Push for MeasuredPush<P> {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        let timed = self.duration.as_ref().map(|duration| (duration, Instant::now()));
        let pushed = self.push.push(connection, text).await;
        if let Some((duration, began)) = timed {
            duration.record(began.elapsed());
        }
        self.count(&pushed);
        pushed
    }
}
