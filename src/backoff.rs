//! Trying again after a pause.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

/// The first pause; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// No attempt counts for more than this: if it took longer, the process stood still, and the time was not the other side's.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);

/// Makes attempts until one succeeds, one fails in a way that does not pass, or they have taken `patience` with the pauses
/// between them.
pub(crate) async fn retry<T, E, F>(
    patience: Duration,
    may_pass: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut spent = Duration::ZERO;
    let mut pauses = pauses();
    loop {
        let began = Instant::now();
        let result = attempt().await;
        let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
        spent += began.elapsed().min(LONGEST_ATTEMPT) + pause;
        match result {
            Err(error) if may_pass(&error) && spent < patience => sleep(pause).await,
            result => return result,
        }
    }
}

/// Makes attempts until one succeeds: whatever must not go on for ever is dropped by whoever waits for it. That it does
/// not work is logged once.
pub(crate) async fn persist<T, E, F>(what: &str, mut attempt: impl FnMut() -> F) -> T
where
    E: fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let mut has_failed = false;
    for pause in pauses() {
        match attempt().await {
            Ok(value) => return value,
            Err(error) if !has_failed => warn!(%error, "{what}: it is tried again until it works"),
            Err(_) => {}
        }
        has_failed = true;
        sleep(pause).await;
    }
    std::future::pending().await
}

/// The pauses between attempts, without end.
fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE)))
}
