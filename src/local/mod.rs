//! The whole gateway in one process: no account, no emulator, nothing to install.
//!
//! An HTTP and WebSocket server does to the handlers what API Gateway does to them on AWS; queue, table and journal are
//! in memory behind the same traits; and a built-in demo agent speaks the AgentCore container contract over HTTP.

pub mod addresses;
pub mod auth_options;
mod authorization;
mod config;
mod consumers;
mod demo;
mod dispatch;
mod engine;
pub mod greeting;
mod handshake;
mod header;
mod hub;
mod incoming;
mod linger;
pub mod metrics;
pub mod options;
mod query;
pub mod replies;
mod route;
mod server;
mod socket;
mod telling;
pub mod uploads;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::agent::endpoint::Endpoint;
use crate::protocol::ids::{AgentName, RequestId};
use authorization::Authorization;
use consumers::Consumers;
use engine::Engine;
use hub::Hub;
use server::Server;
use telling::Telling;

pub use config::Config;

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
    consumers: Consumers,
    telling: Telling,
    server: JoinHandle<()>,
    upkeep: Option<JoinHandle<()>>,
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
        let engine = Engine::new(&config, agents)?;
        #[cfg(feature = "jwt")]
        let authorization = Authorization::new(&config, &engine.clock)?;
        #[cfg(not(feature = "jwt"))]
        let authorization = Authorization::None;
        let is_open = matches!(authorization, Authorization::None);
        let server = Server::new(&config, &engine, authorization, names, address);
        let consumers = Consumers::start(&engine, &config, address);
        let server = tokio::spawn(server.serve(listener));
        let upkeep = config.metrics.map(|metrics| tokio::spawn(metrics.keep_up()));
        let (hub, telling) = (engine.hub, engine.telling);
        Ok(Self { address, addresses, is_open, demo, hub, consumers, telling, server, upkeep, demo_server })
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

    /// Takes no more prompts, lets those that run end for `grace`, ends the others, closes all connections, and goes on for 3 s
    /// to tell of the runs that have ended.
    pub async fn shut_down(mut self, grace: Duration) -> Abandoned {
        let abandoned = self.consumers.shut_down(grace).await;
        tokio::join!(self.hub.close_all(), self.telling.finish());
        abandoned
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
        for task in self.upkeep.iter().chain(&self.demo_server) {
            task.abort();
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
