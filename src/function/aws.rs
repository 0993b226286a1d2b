//! What the SDKs' clients are made from, as Lambda gives it.
//!
//! The usual chain of the SDKs also looks into files, at metadata services and at STS. In a function there is none of
//! that, and leaving it out makes the program smaller.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

use super::http::SdkHttp;
use crate::environment::Environment;

/// A call of the table or the queue takes some milliseconds; one that hangs is made again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// Region, credentials and endpoint from the variables that Lambda sets (`AWS_ENDPOINT_URL` is an emulator's), and a
/// time-out for each attempt of a call.
///
/// # Errors
/// If `AWS_REGION` is missing, or the HTTP client cannot be set up.
pub fn config(environment: &Environment) -> Result<SdkConfig, lambda_runtime::Error> {
    let region = Region::new(environment.required("AWS_REGION")?.to_owned());
    let http = SdkHttp::new()?;
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials(http.clone()))
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        .http_client(http);
    config.set_endpoint_url(environment.optional("AWS_ENDPOINT_URL").map(str::to_owned));
    Ok(config.build())
}

/// In variables; or, where an environment outlives its credentials, from an endpoint that a variable names.
fn credentials(http: SdkHttp) -> SharedCredentialsProvider {
    let config = ProviderConfig::empty().with_http_client(http);
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let chain = CredentialsProviderChain::first_try("environment", EnvironmentVariableCredentialsProvider::new());
    SharedCredentialsProvider::new(chain.or_else("container", container))
}
