//! How long a message waits for somebody else's run.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::session::Active;

/// How long a run can last, unless a setting says otherwise: what Lambda grants a function at most.
pub const LONGEST_RUN: Duration = Duration::from_secs(15 * 60);

/// A message that comes when the lease has just run out finds it expired by everybody's clock.
const BEYOND: Duration = Duration::from_secs(1);

/// A worker that lives renews while more than this is left of its lease: with less, it is probably dead, and the end of
/// the lease is worth one of the times that the message comes.
const RENEWED: Duration = Duration::from_secs(30);

/// SQS hides a message for at most 12 hours from when it was received (`ChangeMessageVisibility`); one is for the way.
const LONGEST: Duration = Duration::from_secs(11 * 60 * 60);

/// When a message that has to wait for the run of `active` is to come again, from `now` on.
///
/// Not before the lease can be over; and so late that the `receives_left` times for which the queue still gives it out
/// last as long as the run may, which is `longest_run` from its start.
#[must_use]
pub fn come_again_in(active: &Active, now: Timestamp, longest_run: Duration, receives_left: u32) -> Duration {
    let lease_left = active.lease_until.since(now);
    let pace = if lease_left > RENEWED {
        active.started_at.after(longest_run).since(now) / receives_left.max(1)
    } else {
        Duration::ZERO
    };
    (lease_left + BEYOND).max(pace).min(LONGEST)
}
