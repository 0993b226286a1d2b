//! Pauses between attempts.

use std::time::Duration;

/// The first pause after a push that was throttled or failed.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How long one message is tried before its connection counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pause after `pause`: twice as long, up to two seconds.
pub(crate) fn next(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}
