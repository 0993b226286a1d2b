//! What the functions on AWS have in common, and what each is wired from: its variables and the adapters of AWS.

#[cfg(feature = "connections")]
pub mod connections;
#[cfg(feature = "message")]
pub mod message;
#[cfg(any(feature = "connections", feature = "message"))]
pub mod websocket_event;
#[cfg(feature = "worker")]
pub mod worker;

use std::process::ExitCode;
#[cfg(feature = "sdk")]
use std::time::Duration;

#[cfg(feature = "sdk")]
use aws_config::timeout::TimeoutConfig;
#[cfg(feature = "sdk")]
use aws_config::{BehaviorVersion, SdkConfig};
use lambda_runtime::Error;

/// Runs a function until Lambda ends it. What keeps it from starting is logged, and ends the process.
pub async fn run(serve: impl Future<Output = Result<(), Error>>) -> ExitCode {
    lambda_runtime::tracing::init_default_subscriber();
    match serve.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot work");
            ExitCode::FAILURE
        }
    }
}

/// A call of the table or the queue takes some milliseconds; one that hangs is made again.
#[cfg(feature = "sdk")]
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
#[cfg(feature = "sdk")]
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Region, credentials and endpoints from the usual chain, and time-outs for each attempt of a call.
#[cfg(feature = "sdk")]
pub async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT);
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts.build()).load().await
}
