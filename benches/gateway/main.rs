//! What the gateway costs: delay, prompts per second, frames per reply, memory, table calls, and resuming.
//!
//! `cargo bench --bench gateway` measures all ten figures, `cargo bench --bench gateway -- a c` some of them. The
//! gateway is the real program, as a process of its own; the fake agent and the load generator are threads of this one,
//! and share a clock, so that an event's delay is its arrival less its emission. For (e) and (f) the real worker runs
//! in this process instead, over stores that count or wait.
//!
//! - [`agent`] streams replies by a plan that stands in the prompt;
//! - [`client`] asks, either over a WebSocket through the gateway or straight over HTTP, and takes the times;
//! - [`gateway`] starts the program, [`processor`] and it read what it uses;
//! - [`in_process`] runs the worker alone, with the agent of [`scripted`], which says what [`prose`] has;
//! - [`delay`], [`throughput`], [`coalescing`] and [`memory`] are the figures (a) to (d);
//! - [`table_cost`], [`paces`] and [`detached_cost`], with the table of [`metered`], are figure (e), [`journal_delay`], with
//!   [`journals`], figure (f);
//! - [`resume`] and [`reply_memory`] are the figures (g) and (h); what (d) and (h) share is in [`streams`];
//! - [`readers`] is figure (k); (i) and (j) are those of `benches/start`;
//! - [`detached_memory`], with the agent of [`detaching`], is figure (l);
//! - [`report`] prints them against their targets. A missed target is marked; only an error fails the run.

mod agent;
mod client;
mod coalescing;
mod delay;
mod detached_cost;
mod detached_memory;
mod detaching;
mod direct;
mod gateway;
mod in_process;
mod journal_delay;
mod journals;
mod memory;
mod metered;
mod paces;
mod processor;
mod prose;
mod readers;
mod reply_memory;
mod report;
mod resume;
mod scripted;
mod stats;
mod streams;
mod table_cost;
mod throughput;
mod websocket;

use std::error::Error;
use std::process::ExitCode;

use processor::Others;
use report::Report;

/// Anything that goes wrong ends the run.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benches too, to see that they start.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    match run(&mut report, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report.error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(report: &mut Report, arguments: &[String]) -> Result<()> {
    let chosen: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| !name.starts_with('-')).collect();
    let wants = |name: &str| chosen.is_empty() || chosen.contains(&name);
    allow_many_sockets()?;
    let agent = agent::start()?;
    report.head()?;
    // One thread for all clients: it leaves the rest of the machine to the gateway and the agent.
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    clients.block_on(async {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "k", "l"].into_iter().filter(|name| wants(name)) {
            let others = Others::watch()?;
            match name {
                "a" => delay::measure(agent, report).await?,
                "b" => throughput::measure(agent, report).await?,
                "c" => coalescing::measure(agent, report).await?,
                "d" => memory::measure(agent, report).await?,
                "e" => table_cost::measure(report).await?,
                "f" => journal_delay::measure(report).await?,
                "g" => resume::measure(agent, report).await?,
                "h" => reply_memory::measure(agent, report).await?,
                "l" => detached_memory::measure(report).await?,
                _ => readers::measure(agent, report).await?,
            }
            report.done(others.share()?)?;
        }
        report.summary()
    })
}

/// A thousand streams are two thousand sockets here and in the gateway, which inherits the limit.
#[cfg(unix)]
fn allow_many_sockets() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

#[cfg(not(unix))]
fn allow_many_sockets() -> Result<()> {
    Ok(())
}
