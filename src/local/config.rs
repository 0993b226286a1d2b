//! What the local gateway is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::Url;

use super::metrics::Exporter;
use crate::agent::endpoint::Endpoint;
#[cfg(feature = "jwt")]
use crate::authorizer::AuthorizerConfig;
use crate::connections::origins::AllowedOrigins;
use crate::journal::REPLAY_WINDOW;
use crate::protocol::ids::AgentName;
use crate::queue::memory::QueueLimits;
use crate::session::MAX_DETACHED_RUN;
use crate::uploads;
use crate::worker::settings::Settings;

/// What the local gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0: any that is free.
    pub listen: SocketAddr,
    /// The agents by name; none: the demo agent.
    pub agents: BTreeMap<AgentName, Endpoint>,
    /// What calls of AgentCore runtimes are signed with.
    pub credentials: Option<SharedCredentialsProvider>,
    /// Whose tokens let in, and as whom; `None`: everybody may connect.
    #[cfg(feature = "jwt")]
    pub authorizer: Option<AuthorizerConfig>,
    /// Whose pages may connect.
    pub origins: AllowedOrigins,
    /// What is shown at `/metrics`; `None`: there are no metrics.
    pub metrics: Option<Exporter>,
    /// Whether agents may go on by themselves, after their call: then they can send to this gateway's queue.
    pub long_runs: bool,
    /// A connection without a message in either direction for so long is closed.
    pub idle_timeout: Duration,
    /// A connection of this age is closed.
    pub max_connection_age: Duration,
    /// Where the JSON of each run that ends is posted to; `None`: nobody is told.
    pub on_run_ended: Option<Url>,
    /// How long each push takes, to feel what a remote API costs.
    pub push_delay: Duration,
    /// How many runs there may be at once.
    pub max_runs: usize,
    /// How long a run may take whose agent goes on by itself.
    pub max_detached_run: Duration,
    /// How long a run can be replayed after its end.
    pub replay_window: Duration,
    /// How many bytes an upload may have; 0: there are none.
    pub max_upload_bytes: u64,
    /// The queue's limits.
    pub queue: QueueLimits,
    /// The worker's times, sizes and choices.
    pub worker: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            agents: BTreeMap::new(),
            credentials: None,
            #[cfg(feature = "jwt")]
            authorizer: None,
            origins: AllowedOrigins::OneMachine(Vec::new()),
            metrics: None,
            long_runs: false,
            // Amazon API Gateway quotas: idle connection timeout, connection duration.
            idle_timeout: Duration::from_secs(10 * 60),
            max_connection_age: Duration::from_secs(2 * 60 * 60),
            on_run_ended: None,
            push_delay: Duration::ZERO,
            max_runs: 4096,
            max_detached_run: MAX_DETACHED_RUN,
            replay_window: REPLAY_WINDOW,
            max_upload_bytes: uploads::MAX_BYTES,
            queue: QueueLimits::default(),
            worker: Settings::default(),
        }
    }
}
