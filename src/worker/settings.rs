//! What a worker may be told.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pace::Pace;
use crate::choices::{OnAbandoned, OnStop};
use crate::journal;
use crate::protocol::frame::Failure;
use crate::protocol::ids::AgentName;
use crate::protocol::reply::ReplyQueue;
use crate::queue::patience::LONGEST_RUN;

/// Agents that may go on by themselves, and the queue that they then send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongRuns {
    /// The queue.
    pub queue: ReplyQueue,
    /// The agents; `None`: all.
    pub agents: Option<BTreeSet<AgentName>>,
}

impl LongRuns {
    /// Whether `agent` may go on by itself.
    #[must_use]
    pub fn allows(&self, agent: &AgentName) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.contains(agent))
    }
}

/// Times, sizes and choices of a worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time between two output frames of a run, unless the next one is full.
    pub pace: Pace,
    /// So many bytes of events make a frame full.
    pub coalesce_bytes: usize,
    /// The longest time for which a frame is not durable.
    pub segment_interval: Duration,
    /// So many bytes of frames make a journal segment.
    pub segment_bytes: usize,
    /// How often the session is read for new connections and stops; while nobody gets the run at least each half second.
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
    /// Which agents may go on by themselves, and where they send to then.
    pub long_runs: Option<LongRuns>,
    /// What becomes of an agent whose run was ended.
    pub on_stop: OnStop,
    /// What becomes of a run that nobody watches.
    pub on_abandoned: OnAbandoned,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            coalesce_bytes: 24 * 1024,
            segment_interval: Duration::from_millis(2500),
            segment_bytes: 8 * 1024,
            poll_interval: Duration::from_millis(1500),
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
            at_deadline: Failure::deadline_exceeded(),
            max_receive_count: 10,
            longest_run: LONGEST_RUN,
            long_runs: None,
            on_stop: OnStop::StopSession,
            on_abandoned: OnAbandoned::Continue,
        }
    }
}
