//! The local gateway: `cargo run`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use agentcore_gateway::agent::endpoint::Endpoint;
use agentcore_gateway::local::greeting::Greeting;
use agentcore_gateway::local::metrics::Exporter;
use agentcore_gateway::local::options::Options;
use agentcore_gateway::local::{Abandoned, Config, Gateway};
use clap::Parser;
use tokio::net::TcpStream;
use tracing::{info, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[cfg(all(feature = "mimalloc", any(target_os = "macos", all(target_os = "linux", target_env = "gnu"))))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry().with(log).with(options.log.clone()).init();
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut stop = StopSignal::listen()?;
    let mut config = with_credentials(options.config()?).await;
    config.metrics = (!options.no_metrics).then(Exporter::install);
    let agents = config.agents.clone();
    let gateway = Gateway::start(config).await?;
    let listed = agents.iter().map(|(name, endpoint)| format!("{name}: {endpoint}")).collect();
    // Who closes our output does not want to read it; the gateway works all the same.
    let _ = io::stdout().write_all(Greeting { gateway: &gateway, agents: listed }.to_string().as_bytes());
    for endpoint in agents.values() {
        warn_if_unreachable(endpoint).await;
    }
    stop.received().await;
    info!(grace = ?options.grace, "stopping; press Ctrl-C again to stop at once");
    tokio::select! {
        abandoned = gateway.shut_down(options.grace) => report(&abandoned),
        () = stop.received() => warn!("stopped at once"),
    }
    Ok(())
}

#[cfg(feature = "aws")]
async fn with_credentials(mut config: Config) -> Config {
    if config.agents.values().any(|agent| matches!(agent, Endpoint::Runtime(_))) {
        let loaded = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        config.credentials = loaded.credentials_provider();
    }
    config
}

#[cfg(not(feature = "aws"))]
async fn with_credentials(config: Config) -> Config {
    config
}

/// A container may be started later; until then its prompts fail.
async fn warn_if_unreachable(endpoint: &Endpoint) {
    let Endpoint::Container(url) = endpoint else { return };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let connect = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect((host, port)));
    let reason = match connect.await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer within 2 s".to_owned(),
    };
    warn!(agent = %url, reason, "the agent cannot be reached; prompts fail until it can");
}

/// Ctrl-C, or what a supervisor sends. It listens from when it is made.
struct StopSignal {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignal {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn report(abandoned: &Abandoned) {
    let Abandoned { running, waiting } = abandoned;
    if running.is_empty() && *waiting == 0 {
        info!("stopped; nothing was under way");
        return;
    }
    let requests = running.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    warn!(ended = running.len(), requests, waiting, "stopped, and abandoned what was under way");
}
