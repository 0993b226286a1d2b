//! Trying again after a pause.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The first pause; each further one is twice as long, up to the longest.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes attempts until one succeeds, one fails in a way that does not pass, or the next would come after `give_up`.
pub(crate) async fn retry<T, E, F>(
    give_up: Instant,
    may_pass: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Err(error) if may_pass(&error) && Instant::now() + pause < give_up => sleep(pause).await,
            result => return result,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
