//! What the functions on AWS have in common, and what each is wired from: its variables and the adapters of AWS.

#[cfg(any(feature = "relay", feature = "worker"))]
pub mod agents;
#[cfg(any(feature = "connections", feature = "message"))]
pub mod auth;
#[cfg(feature = "sdk")]
pub mod aws;
#[cfg(any(feature = "closer", feature = "connections", feature = "relay", feature = "worker"))]
pub mod choices;
#[cfg(feature = "closer")]
pub mod closer;
#[cfg(feature = "connections")]
pub mod connections;
#[cfg(feature = "sdk")]
mod http;
mod log;
#[cfg(feature = "message")]
pub mod message;
pub mod metrics;
#[cfg(any(feature = "relay", feature = "worker", all(feature = "eventbridge", feature = "sdk")))]
pub mod partition;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(all(feature = "eventbridge", feature = "sdk"))]
pub mod run_events;
#[cfg(any(feature = "connections", feature = "worker"))]
pub mod uploads;
#[cfg(any(feature = "connections", feature = "message"))]
pub mod websocket_event;
#[cfg(feature = "worker")]
pub mod worker;

use std::process::ExitCode;

use lambda_runtime::{Context, Error};
use tokio::time::Instant;

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::environment::Environment;
use metrics::Metrics;

/// How many bytes of events a reply may have, unless `MAX_REPLY_BYTES` says otherwise.
#[cfg(any(feature = "relay", feature = "worker"))]
const MAX_REPLY_BYTES: u32 = 32 * 1024 * 1024;

/// Runs a function until Lambda ends it. What keeps it from starting is logged, and ends the process.
pub async fn run(serve: impl AsyncFnOnce(Environment, Metrics) -> Result<(), Error>) -> ExitCode {
    let environment = Environment::from_process();
    log::start(&environment);
    let serving = async {
        let metrics = Metrics::start(&environment)?;
        serve(environment, metrics).await
    };
    match serving.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot work");
            ExitCode::FAILURE
        }
    }
}

/// When Lambda will end the invocation of `context`.
#[must_use]
pub fn deadline(context: &Context) -> Instant {
    Instant::now() + Timestamp(context.deadline).since(SystemClock.now())
}
