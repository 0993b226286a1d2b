//! AWS's side of an adapter: answers as DynamoDB, SQS and API Gateway give them, and a configuration that leads to a
//! [`FakeAgent`](super::agent::FakeAgent) which gives them.

use std::time::Duration;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::aws;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};

use super::agent::{Request, Script};

/// The configuration of the functions, but for the place. A call that may be made again is made as often as there, only
/// without the pauses.
pub fn config(endpoint: &str) -> SdkConfig {
    let environment = Environment::of([("AWS_REGION", "eu-central-1"), ("AWS_ENDPOINT_URL", endpoint)]);
    let config = aws::config(&environment).unwrap().into_builder();
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let credentials = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    config.retry_config(retries).credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

/// What an SDK tries in all, of a call that may be made again.
pub const ATTEMPTS: usize = 3;

/// The operation that `request` asks for, for example `UpdateItem`.
pub fn operation(request: &Request) -> &str {
    request.header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default()
}

/// What `request` says.
pub fn body(request: &Request) -> Value {
    serde_json::from_str(&request.body).expect("a request is JSON")
}

/// An answer that says `value`.
pub fn answer(value: &Value) -> Script {
    Script::body("application/x-amz-json-1.0", value.to_string())
}

/// The error called `code`.
pub fn failure(status: u16, code: &str) -> Script {
    failure_with(status, code, json!({}))
}

/// DynamoDB's answer if a condition does not hold for `item`; `None`: there is none.
pub fn condition_failed(item: Option<Value>) -> Script {
    failure_with(400, "ConditionalCheckFailedException", item.map_or_else(|| json!({}), |item| json!({"Item": item})))
}

fn failure_with(status: u16, code: &str, mut members: Value) -> Script {
    members["__type"] = json!(format!("com.amazonaws.service.v1#{code}"));
    members["message"] = json!("as scripted");
    Script::status(status, members.to_string()).with_header("content-type", "application/x-amz-json-1.0")
}
