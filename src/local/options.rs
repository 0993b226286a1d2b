//! The command line of the local gateway. Each option is also an environment variable.

pub(super) mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use reqwest::Url;
use tracing_subscriber::filter::Targets;

use super::Config;
use super::auth_options::{AuthOptions, InvalidAuth};
use crate::agent::endpoint::Endpoint;
use crate::choices::{OnAbandoned, OnStop};
use crate::connections::origins::{AllowedOrigins, Origin};
use crate::protocol::ids::AgentName;
use crate::queue::memory::QueueLimits;
use crate::uploads;
use crate::worker::pace::{InvalidPace, Pace};
use crate::worker::settings::Settings;
use values::{
    parse_agent, parse_count, parse_http_url, parse_interval, parse_listen, parse_log, parse_seconds, parse_switch,
    parse_upload_bytes, parse_wait,
};

/// A WebSocket gateway to AI agents on Amazon Bedrock AgentCore Runtime, on this machine.
///
/// Without options it listens on port 8787 and talks to a built-in demo agent: open the address that it prints.
#[derive(Debug, Clone, Parser)]
#[command(version, max_term_width = 100)]
pub struct Options {
    /// Where to listen: ADDRESS:PORT, or one of the two; 0.0.0.0 is every address of this machine, port 0 any that is
    /// free
    #[arg(long, env = "GATEWAY_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// An agent: the base URL of a container that speaks the AgentCore contract, or the ARN of an AgentCore runtime.
    /// Give it again as NAME=URL for more; the one without a name is the default [default: a built-in demo agent]
    #[arg(long = "agent", env = "GATEWAY_AGENT", value_name = "[NAME=]URL|ARN", value_delimiter = ',', value_parser = parse_agent)]
    pub agents: Vec<(AgentName, Endpoint)>,

    /// Who may connect.
    #[command(flatten)]
    pub auth: AuthOptions,

    /// A web origin whose pages may connect, such as `https://app.example.com`, or * for any, besides pages of the IP
    /// address that the gateway is reached at. Give it again for more [default: pages of this machine]
    #[arg(long = "allow-origin", env = "GATEWAY_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub origins: Vec<Origin>,

    /// Let agents go on by themselves after their call: they then send their replies to this gateway, at /replies
    #[arg(long, env = "GATEWAY_LONG_RUNS", value_parser = parse_switch)]
    pub long_runs: bool,

    /// What to log: error, warn, info, debug, trace or off, also by target as in "warn,agentcore_gateway::worker=debug"
    #[arg(long, env = "GATEWAY_LOG", value_name = "FILTER", default_value = "info", value_parser = parse_log)]
    pub log: Targets,

    /// Close a connection that was idle for so many seconds
    #[arg(long, env = "GATEWAY_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "600", value_parser = parse_seconds)]
    pub idle_timeout: Duration,

    /// Close a connection that is so many seconds old
    #[arg(long, env = "GATEWAY_MAX_CONNECTION_AGE", value_name = "SECONDS", default_value = "7200", value_parser = parse_seconds)]
    pub max_connection_age: Duration,

    /// How many seconds an agent may send nothing before its run fails
    #[arg(long, env = "GATEWAY_SILENCE_LIMIT", value_name = "SECONDS", default_value = "300", value_parser = parse_seconds)]
    pub silence_limit: Duration,

    /// How many seconds running replies have to end on Ctrl-C or SIGTERM
    #[arg(long, env = "GATEWAY_GRACE", value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    pub grace: Duration,

    /// How many runs there may be at once; further prompts wait
    #[arg(long, env = "GATEWAY_MAX_RUNS", value_name = "COUNT", default_value_t = 4096, value_parser = parse_count)]
    pub max_runs: usize,

    /// How many prompts of one session there may be, waiting and running; more are refused
    #[arg(long, env = "GATEWAY_MAX_WAITING", value_name = "COUNT", default_value_t = 100, value_parser = parse_count)]
    pub max_waiting: usize,

    /// How many seconds a prompt may wait; one that has waited longer fails
    #[arg(long, env = "GATEWAY_MAX_WAIT", value_name = "SECONDS", default_value = "86400", value_parser = parse_wait)]
    pub max_wait: Duration,

    /// The largest reply, in bytes; a larger one fails
    #[arg(long, env = "GATEWAY_MAX_REPLY_BYTES", value_name = "BYTES", default_value_t = 32 * 1024 * 1024)]
    pub max_reply_bytes: usize,

    /// The largest prompt that may be uploaded, in bytes; 0: none may
    #[arg(long, env = "GATEWAY_MAX_UPLOAD_BYTES", value_name = "BYTES", default_value_t = uploads::MAX_BYTES, value_parser = parse_upload_bytes)]
    pub max_upload_bytes: u64,

    /// How many seconds a call is tried again that the agent's quotas refuse
    #[arg(long, env = "GATEWAY_RETRY_WINDOW", value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub retry_window: Duration,

    /// How many seconds a reply can be resumed after its end
    #[arg(long, env = "GATEWAY_REPLAY_WINDOW", value_name = "SECONDS", default_value = "3600", value_parser = parse_seconds)]
    pub replay_window: Duration,

    /// What becomes of an AgentCore session whose run is stopped: stop-session ends it, detach lets the agent go on
    #[arg(long, env = "GATEWAY_ON_STOP", value_name = "CHOICE", default_value = "stop-session")]
    pub on_stop: OnStop,

    /// Stop a run when the last connection to its session is gone, instead of letting it go on for a client that
    /// comes back
    #[arg(long, env = "GATEWAY_STOP_ABANDONED", value_parser = parse_switch)]
    pub stop_abandoned: bool,

    /// Tell of each run that ends: POST its JSON to this URL
    #[arg(long, env = "GATEWAY_ON_RUN_ENDED", value_name = "URL", value_parser = parse_http_url)]
    pub on_run_ended: Option<Url>,

    /// Let every push take so many milliseconds, as pushing through API Gateway does
    #[arg(long, env = "GATEWAY_PUSH_DELAY", value_name = "MILLISECONDS", default_value_t = 0)]
    pub push_delay: u64,

    /// How many milliseconds lie between two frames of a reply at its beginning
    #[arg(long, env = "GATEWAY_PUSH_INTERVAL", value_name = "MILLISECONDS", default_value = "100", value_parser = parse_interval)]
    pub push_interval: Duration,

    /// How many milliseconds lie between two frames of a reply later on: a quarter of its age, up to so many [default:
    /// 1000, or the push interval if that is more]
    #[arg(long, env = "GATEWAY_MAX_PUSH_INTERVAL", value_name = "MILLISECONDS", value_parser = parse_interval)]
    pub max_push_interval: Option<Duration>,

    /// Show no metrics at /metrics
    #[arg(long, env = "GATEWAY_NO_METRICS", value_parser = parse_switch)]
    pub no_metrics: bool,

    /// Push each batch of events at once instead of packing them into frames
    #[arg(long, env = "GATEWAY_NO_COALESCING", value_parser = parse_switch)]
    pub no_coalescing: bool,
}

/// Options that cannot be used together, or not in this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOptions {
    /// Who may connect is not clear.
    #[error(transparent)]
    Auth(#[from] InvalidAuth),
    /// The frames of a reply would come sooner the longer it lasts.
    #[error("--max-push-interval must be no less than --push-interval: {0}")]
    Pace(#[from] InvalidPace),
    /// Two agents of one name.
    #[error("two agents are called \"{0}\"; give each a name of its own, as in --agent {0}2=URL")]
    SameName(AgentName),
    /// An agent or another address that this build cannot call.
    #[error(
        "{endpoint} needs the feature \"{feature}\", which is not built in; start with: cargo run --features {feature} -- …"
    )]
    NotBuiltIn {
        /// The address.
        endpoint: String,
        /// The feature.
        feature: &'static str,
    },
}

impl Options {
    /// The configuration that these options mean, still without credentials.
    ///
    /// # Errors
    /// [`InvalidOptions`]
    pub fn config(&self) -> Result<Config, InvalidOptions> {
        self.auth.check()?;
        let mut agents = BTreeMap::new();
        for (name, endpoint) in &self.agents {
            check_built_in(endpoint)?;
            if agents.insert(name.clone(), endpoint.clone()).is_some() {
                return Err(InvalidOptions::SameName(name.clone()));
            }
        }
        if let Some(url) = &self.on_run_ended {
            check_tls(url)?;
        }
        let mut worker = Settings {
            silence_limit: self.silence_limit,
            max_wait: self.max_wait,
            on_stop: self.on_stop,
            retry_window: self.retry_window,
            max_reply_bytes: self.max_reply_bytes,
            pace: Pace::new(self.push_interval, self.max_push_interval)?,
            ..Settings::default()
        };
        if self.stop_abandoned {
            worker.on_abandoned = OnAbandoned::Stop;
        }
        if self.no_coalescing {
            worker.pace = Pace::UNBOUNDED;
            worker.coalesce_bytes = 1;
        }
        Ok(Config {
            listen: self.listen,
            agents,
            origins: AllowedOrigins::on_one_machine(self.origins.clone()),
            #[cfg(feature = "jwt")]
            authorizer: self.auth.authorizer()?,
            long_runs: self.long_runs,
            idle_timeout: self.idle_timeout,
            max_connection_age: self.max_connection_age,
            on_run_ended: self.on_run_ended.clone(),
            push_delay: Duration::from_millis(self.push_delay),
            max_runs: self.max_runs,
            replay_window: self.replay_window,
            max_upload_bytes: self.max_upload_bytes,
            queue: QueueLimits { max_waiting: self.max_waiting, ..QueueLimits::default() },
            worker,
            ..Config::default()
        })
    }
}

fn check_built_in(endpoint: &Endpoint) -> Result<(), InvalidOptions> {
    match endpoint {
        Endpoint::Runtime(_) if cfg!(not(feature = "aws")) => Err(not_built_in(endpoint, "aws")),
        Endpoint::Runtime(_) => Ok(()),
        Endpoint::Container(url) => check_tls(url),
    }
}

fn check_tls(url: &Url) -> Result<(), InvalidOptions> {
    if url.scheme() == "https" && cfg!(not(feature = "tls")) { Err(not_built_in(url, "tls")) } else { Ok(()) }
}

fn not_built_in(endpoint: &impl ToString, feature: &'static str) -> InvalidOptions {
    InvalidOptions::NotBuiltIn { endpoint: endpoint.to_string(), feature }
}
