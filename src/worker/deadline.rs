//! The moment by which a worker must be done.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The moment by which a worker must be done. It may come nearer while a run is under way; `None`: there is none.
pub type Deadline = watch::Receiver<Option<Instant>>;

/// So long before its deadline a worker returns, whatever it waits for: a function that is still at work then is killed.
pub(super) const LAST_CALL: Duration = Duration::from_secs(1);

/// So long before its deadline a worker waits for nothing any more that can be left undone.
pub(super) const CLOSING: Duration = Duration::from_secs(2);

/// Waits until `deadline` is no further away than `margin`.
pub(super) async fn comes_within(mut deadline: Deadline, margin: Duration) {
    loop {
        let at = *deadline.borrow_and_update();
        let over = async {
            match at {
                Some(at) => sleep_until(at.checked_sub(margin).unwrap_or_else(Instant::now)).await,
                None => std::future::pending().await,
            }
        };
        let moved = async {
            if deadline.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = over => return,
            () = moved => {}
        }
    }
}

/// Whether `deadline` is no further away than `margin`.
pub(super) fn is_within(deadline: &Deadline, margin: Duration) -> bool {
    deadline.borrow().is_some_and(|at| at.saturating_duration_since(Instant::now()) <= margin)
}

/// What comes of `work`, unless `limit` passes or `deadline` comes close before.
pub(super) async fn in_time<T>(work: impl Future<Output = T>, limit: Duration, deadline: &Deadline) -> Option<T> {
    in_time_before(CLOSING, work, limit, deadline).await
}

/// The same with another `margin` before the deadline.
pub(super) async fn in_time_before<T>(
    margin: Duration,
    work: impl Future<Output = T>,
    limit: Duration,
    deadline: &Deadline,
) -> Option<T> {
    tokio::select! {
        biased;
        done = tokio::time::timeout(limit, work) => done.ok(),
        () = comes_within(deadline.clone(), margin) => None,
    }
}
