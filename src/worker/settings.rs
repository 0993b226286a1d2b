//! What a worker may be told.

use std::str::FromStr;
use std::time::Duration;

use crate::journal;
use crate::protocol::frame::{Failure, FailureCode};
use crate::queue::patience::LONGEST_RUN;

/// What becomes of the agent's session when a run ends before the agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// `StopRuntimeSession`: AgentCore does not tell an agent that nobody listens any more.
    StopSession,
    /// Nothing: the agent goes on, unheard.
    Detach,
}

/// A word that is no [`OnStop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be stop-session or detach")]
pub struct InvalidOnStop;

impl FromStr for OnStop {
    type Err = InvalidOnStop;

    fn from_str(word: &str) -> Result<Self, InvalidOnStop> {
        match word {
            "stop-session" => Ok(Self::StopSession),
            "detach" => Ok(Self::Detach),
            _ => Err(InvalidOnStop),
        }
    }
}

/// What becomes of a run that no connection watches any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAbandoned {
    /// It goes on into the journal, for a client that comes back.
    Continue,
    /// It is stopped.
    Stop,
}

/// Times, sizes and choices of a worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The shortest time between two output frames of a run, unless the next one is full.
    pub coalesce_interval: Duration,
    /// So many bytes of events make a frame full.
    pub coalesce_bytes: usize,
    /// The longest time for which a frame is not durable.
    pub segment_interval: Duration,
    /// So many bytes of frames make a journal segment.
    pub segment_bytes: usize,
    /// How often the session is read for new connections and stops.
    pub poll_interval: Duration,
    /// How long a worker counts as alive after its last renewal; also the message's visibility.
    pub lease: Duration,
    /// How often the lease is renewed.
    pub renew_interval: Duration,
    /// How long an agent may send no byte.
    pub silence_limit: Duration,
    /// How long a call that did not reach the agent is tried again.
    pub retry_window: Duration,
    /// How long a refused connection is tried again.
    pub refused_window: Duration,
    /// How long a connection gets nothing before it gets `progress`.
    pub progress_interval: Duration,
    /// A device that takes nothing for so long is detached.
    pub device_timeout: Duration,
    /// How long a slow device may hold up the session's next prompt after the ending; then it catches up beside that.
    pub drain_timeout: Duration,
    /// How long such a device may take for that, after the run's end.
    pub catch_up_timeout: Duration,
    /// So many bytes of durable frames of a run stay in memory, for devices that are a little behind; the journal has
    /// the rest.
    pub max_durable_bytes: usize,
    /// So many bytes of frames that are not durable yet stop the reading of the reply: the journal is slower than the
    /// agent.
    pub max_undurable_bytes: usize,
    /// The largest reply, in bytes of its events.
    pub max_reply_bytes: usize,
    /// How long a prompt may have waited, at most [`RETENTION`](crate::journal::RETENTION): of an older one nobody
    /// knows whether it ran. One that has waited longer fails with `busy`.
    pub max_wait: Duration,
    /// How long before its deadline a run is ended.
    pub deadline_margin: Duration,
    /// How such a run ends.
    pub at_deadline: Failure,
    /// How often the queue gives out a message before it gives it up.
    pub max_receive_count: u32,
    /// How long a run can last: the time-out of the function. So long a message may have to wait for another one.
    pub longest_run: Duration,
    /// What becomes of an agent whose run was ended.
    pub on_stop: OnStop,
    /// What becomes of a run that nobody watches.
    pub on_abandoned: OnAbandoned,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            coalesce_interval: Duration::from_millis(100),
            coalesce_bytes: 24 * 1024,
            segment_interval: Duration::from_millis(2500),
            segment_bytes: 8 * 1024,
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            renew_interval: Duration::from_secs(20),
            silence_limit: Duration::from_secs(5 * 60),
            retry_window: Duration::from_secs(60),
            refused_window: Duration::from_secs(10),
            progress_interval: Duration::from_secs(20),
            device_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
            catch_up_timeout: Duration::from_secs(5 * 60),
            max_durable_bytes: 64 * 1024,
            max_undurable_bytes: 1024 * 1024,
            max_reply_bytes: 32 * 1024 * 1024,
            max_wait: journal::RETENTION,
            deadline_margin: Duration::from_secs(10),
            at_deadline: Failure::retryable(FailureCode::DeadlineExceeded, "The time that a run may take is over."),
            max_receive_count: 10,
            longest_run: LONGEST_RUN,
            on_stop: OnStop::StopSession,
            on_abandoned: OnAbandoned::Continue,
        }
    }
}
