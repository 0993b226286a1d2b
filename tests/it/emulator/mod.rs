//! The adapters of AWS, put through the suites on an emulator: `make emulator-test`.
//!
//! `AWS_ENDPOINT_URL` says where the emulator is, and the rest of the environment is AWS's own.

mod queue;
mod table;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::aws;
use aws_config::SdkConfig;

/// A name that no other test has used.
fn unused(name: &str) -> String {
    format!("{name}-{:x}", uuid::Uuid::from_u128(rand::random()).as_u128())
}

fn config() -> SdkConfig {
    assert!(std::env::var_os("AWS_ENDPOINT_URL").is_some(), "AWS_ENDPOINT_URL names the emulator");
    aws::config(&Environment::from_process()).unwrap()
}
