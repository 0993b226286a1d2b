//! The whole gateway in one process: no account, no emulator, nothing to install.
//!
//! An HTTP and WebSocket server does to the handlers what API Gateway does to them on AWS; queue, table and journal are
//! in memory behind the same traits; and a built-in demo agent speaks the AgentCore container contract over HTTP.

pub mod addresses;
pub mod auth_options;
mod authorization;
mod demo;
mod dispatch;
pub mod greeting;
mod handshake;
mod hub;
mod linger;
pub mod options;
mod query;
pub mod replies;
mod route;
mod server;
mod socket;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::Url;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::agent::client::AgentClient;
use crate::agent::endpoint::Endpoint;
#[cfg(feature = "jwt")]
use crate::authorizer::AuthorizerConfig;
use crate::clock::{Clock, SystemClock};
use crate::closer::{self, Closer};
use crate::connections::ConnectionsHandler;
use crate::connections::origins::AllowedOrigins;
use crate::journal::REPLAY_WINDOW;
use crate::journal::memory::{MAX_BYTES, MemoryJournal};
use crate::message::MessageHandler;
use crate::protocol::frame::{Failure, FailureCode};
use crate::protocol::ids::{AgentName, RequestId};
use crate::queue::memory::{MemoryQueue, QueueLimits};
use crate::random::Random;
use crate::session::memory::MemoryTable;
use crate::worker::settings::Settings;
use crate::worker::{Tools, Worker};
use authorization::Authorization;
use dispatch::{Consumer, Dispatcher};
use hub::Hub;
use replies::Replies;
use server::Server;

/// What the client of a run is told that is not done when the gateway stops: here nothing else sets a worker a deadline.
const STOPPED: &str = "The gateway was stopped; the reply is not complete.";

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
    /// Whether agents may go on by themselves, after their call: then they can send to this gateway's queue.
    pub long_runs: bool,
    /// A connection without a message in either direction for so long is closed.
    pub idle_timeout: Duration,
    /// A connection of this age is closed.
    pub max_connection_age: Duration,
    /// How long each push takes, to feel what a remote API costs.
    pub push_delay: Duration,
    /// How many runs there may be at once.
    pub max_runs: usize,
    /// How long a run can be replayed after its end.
    pub replay_window: Duration,
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
            long_runs: false,
            // Amazon API Gateway quotas: idle connection timeout, connection duration.
            idle_timeout: Duration::from_secs(10 * 60),
            max_connection_age: Duration::from_secs(2 * 60 * 60),
            push_delay: Duration::ZERO,
            max_runs: 4096,
            replay_window: REPLAY_WINDOW,
            queue: QueueLimits::default(),
            worker: Settings::default(),
        }
    }
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What is wrong with it.
        reason: String,
    },
    /// The demo agent has no port.
    #[error("the demo agent cannot listen: {0}")]
    Demo(io::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// What a gateway leaves behind when it stops.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abandoned {
    /// Requests whose runs were ended before their agents were done.
    pub running: Vec<RequestId>,
    /// How many prompts had not started.
    pub waiting: usize,
}

/// A gateway that runs in the background, until it is shut down or dropped.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    addresses: Vec<SocketAddr>,
    is_open: bool,
    demo: Option<Url>,
    hub: Arc<Hub>,
    prompts: Dispatcher,
    given_up: Dispatcher,
    server: JoinHandle<()>,
    demo_server: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Starts a gateway.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listener = TcpListener::bind(config.listen).await.map_err(|error| listen_error(config.listen, &error))?;
        let address = listener.local_addr().map_err(|error| listen_error(config.listen, &error))?;
        let addresses = addresses::of(&listener, address);
        let mut agents = config.agents.clone();
        let (mut demo, mut demo_server) = (None, None);
        if agents.is_empty() {
            let (url, task) = demo::start().await.map_err(StartError::Demo)?;
            agents.insert(AgentName::default_agent(), Endpoint::Container(url.clone()));
            (demo, demo_server) = (Some(url), Some(task));
        }
        let names: BTreeSet<AgentName> = agents.keys().cloned().collect();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random = Arc::new(Random::from_os());
        let table = Arc::new(MemoryTable::default());
        let journal = Arc::new(MemoryJournal::new(config.replay_window, MAX_BYTES));
        let limits_given_up = QueueLimits::default();
        let given_up = Arc::new(MemoryQueue::new(limits_given_up));
        let queue = Arc::new(MemoryQueue::before(given_up.clone(), config.queue));
        let hub = Arc::new(Hub::new(config.push_delay));
        let worker = Worker::new(Tools {
            sessions: table.clone(),
            connections: table.clone(),
            journal: journal.clone(),
            visibility: queue.clone(),
            push: hub.clone(),
            agents: Arc::new(AgentClient::new(agents, config.credentials.clone(), clock.clone())?),
            clock: clock.clone(),
            random: random.clone(),
            settings: Settings {
                max_receive_count: config.queue.max_receive_count,
                at_deadline: Failure::retryable(FailureCode::Interrupted, STOPPED),
                ..config.worker.clone()
            },
        });
        let closer = Closer::new(closer::Tools {
            sessions: table.clone(),
            journal: journal.clone(),
            visibility: given_up.clone(),
            push: hub.clone(),
            clock: clock.clone(),
            random: random.clone(),
            settings: closer::Settings {
                longest_run: config.worker.longest_run,
                max_receive_count: limits_given_up.max_receive_count,
            },
        });
        let replies = config.long_runs.then(|| {
            Replies::new(replies::Tools {
                runs: table.clone(),
                sessions: table.clone(),
                queue: Arc::new(MemoryQueue::new(replies::LIMITS)),
                clock: clock.clone(),
                origins: config.origins.clone(),
                queue_url: replies::reply_queue(address).queue_url,
            })
        });
        #[cfg(feature = "jwt")]
        let authorization = Authorization::new(&config, &clock)?;
        #[cfg(not(feature = "jwt"))]
        let authorization = Authorization::None;
        let identity = authorization.identity();
        let is_open = matches!(authorization, Authorization::None);
        let connections = ConnectionsHandler {
            sessions: table.clone(),
            connections: table,
            journal,
            push: hub.clone(),
            clock: clock.clone(),
            random: random.clone(),
            identity: identity.clone(),
            origins: config.origins.clone(),
            replay_window: config.replay_window,
        };
        let messages = MessageHandler::new(queue.clone(), names, identity, clock.clone(), random.clone());
        let (max_runs, margin) = (config.max_runs, config.worker.deadline_margin);
        let prompts = Dispatcher::start(queue, Consumer::Worker(worker), max_runs, margin);
        let given_up = Dispatcher::start(given_up, Consumer::Closer(closer), max_runs, margin);
        let server = Server::new(&config, authorization, messages, connections, hub.clone(), clock, random);
        let server = Server { replies, ..server };
        let server = tokio::spawn(server.serve(listener));
        Ok(Self { address, addresses, is_open, demo, hub, prompts, given_up, server, demo_server })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The addresses to reach it at: that one, or those of this machine if it listens on all of them.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether everybody who can reach it may connect.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The demo agent's address, if there is one.
    #[must_use]
    pub fn demo_agent(&self) -> Option<&Url> {
        self.demo.as_ref()
    }

    /// Takes no more prompts, lets those that run end for `grace`, ends the others, and closes all connections.
    pub async fn shut_down(mut self, grace: Duration) -> Abandoned {
        let (prompts, given_up) = tokio::join!(self.prompts.shut_down(grace), self.given_up.shut_down(grace));
        self.hub.close_all().await;
        Abandoned { running: [prompts.running, given_up.running].concat(), waiting: prompts.waiting + given_up.waiting }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(demo) = &self.demo_server {
            demo.abort();
        }
    }
}

fn listen_error(address: SocketAddr, error: &io::Error) -> StartError {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use; choose another with --listen".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        io::ErrorKind::PermissionDenied => "that port needs more rights; choose one above 1023".to_owned(),
        _ => error.to_string(),
    };
    StartError::Listen { address, reason }
}
