//! What the SDKs' clients are made from, as Lambda gives it.
//!
//! The usual chain of the SDKs also looks into files, at metadata services and at STS. In a function there is none of
//! that, and leaving it out makes the program smaller.

use std::fmt;
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
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::http::SdkHttp;
use crate::environment::Environment;

/// A call of the table or the queue takes some milliseconds; one that hangs is made again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// Region, credentials and endpoints from variables, as Lambda sets them (`AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>` are an emulator's or a proxy's), and a time-out for each attempt of a call.
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
    config.set_service_config(Some(ServiceVariables(environment.clone())));
    Ok(config.build())
}

/// What the SDKs are told of one service only: `AWS_ENDPOINT_URL_SQS` and its like.
struct ServiceVariables(Environment);

impl fmt::Debug for ServiceVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceVariables").finish_non_exhaustive()
    }
}

impl LoadServiceConfig for ServiceVariables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        self.0.optional(&format!("{}_{service}", key.env())).map(str::to_owned)
    }
}

/// In variables; or, where an environment outlives its credentials, from an endpoint that a variable names.
fn credentials(http: SdkHttp) -> SharedCredentialsProvider {
    let config = ProviderConfig::empty().with_http_client(http);
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let chain = CredentialsProviderChain::first_try("environment", EnvironmentVariableCredentialsProvider::new());
    SharedCredentialsProvider::new(chain.or_else("container", container))
}
