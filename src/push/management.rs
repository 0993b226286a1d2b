//! Pushing through API Gateway's Management API: `PostToConnection`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;

use super::{Push, PushError};
use crate::protocol::ids::ConnectionId;

/// A push usually takes some 20 ms, and may hang; the connection's next message waits for it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The Management API of one stage of a WebSocket API.
#[derive(Debug, Clone)]
pub struct ManagementApi {
    client: Client,
}

impl ManagementApi {
    /// The API that `config` leads to: its endpoint is `https://<api>.execute-api.<region>.amazonaws.com/<stage>`, or
    /// `https://<custom domain>/<mapping key>`, which has the Management API too.
    #[must_use]
    pub fn new(config: Builder) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT);
        // Whoever pushes decides whether to try again, and coalesces meanwhile.
        let config = config.timeout_config(timeouts.build()).retry_config(RetryConfig::disabled());
        Self { client: Client::from_conf(config.build()) }
    }
}

#[async_trait]
impl Push for ManagementApi {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        let post = self.client.post_to_connection().connection_id(connection.as_str());
        let Err(error) = post.data(Blob::new(text)).send().await else { return Ok(()) };
        Err(push_error(&error))
    }
}

/// A failed push as the engine knows it. By the status where there is one: not every answer of API Gateway has the name
/// of an error.
fn push_error(error: &SdkError<PostToConnectionError>) -> PushError {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match (error.raw_response().map(|response| response.status().as_u16()), code) {
        (Some(410), _) => PushError::Gone,
        (Some(413), _) => PushError::TooLarge,
        (Some(429), _) | (_, Some("ThrottlingException" | "LimitExceededException")) => PushError::Throttled,
        _ => PushError::Unavailable(DisplayErrorContext(error).to_string()),
    }
}
