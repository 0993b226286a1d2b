//! Trying again after a pause.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

/// The first pause; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes attempts until one succeeds, one fails in a way that does not pass, or one fails that began at `give_up` or
/// later. So a process that stood still for a while makes one more attempt before it believes that the time is over.
pub(crate) async fn retry<T, E, F>(
    give_up: Instant,
    may_pass: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut pauses = pauses();
    loop {
        let began = Instant::now();
        match attempt().await {
            Err(error) if may_pass(&error) && began < give_up => sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await,
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
