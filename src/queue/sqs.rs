//! Queues on Amazon SQS: of prompts, a FIFO queue with a group per session, and of runs to look after.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageSystemAttributeNameForSends::AwsTraceHeader;
use aws_sdk_sqs::types::MessageSystemAttributeValue;

use super::payload::QueuedPrompt;
use super::watch::{LONGEST_PAUSE, Watch};
use super::{Prompts, QueueError, Visibility, Watches};

/// A queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`, reached through `client`.
    #[must_use]
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }
}

#[async_trait]
impl Prompts for SqsQueue {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        let send = self.client.send_message().queue_url(&self.url).message_body(prompt.encode());
        let send = send.message_group_id(prompt.group()).message_deduplication_id(prompt.deduplication_id());
        let trace = prompt.trace.xray_with_decision().and_then(trace_header);
        let send = send.set_message_system_attributes(trace.map(|trace| HashMap::from([(AwsTraceHeader, trace)])));
        send.send().await.map(|_| ()).map_err(|error| queue_error(&error))
    }
}

#[async_trait]
impl Watches for SqsQueue {
    async fn send(&self, watch: &Watch) -> Result<(), QueueError> {
        let send = self.client.send_message().queue_url(&self.url).message_body(watch.encode());
        let seconds = i32::try_from(LONGEST_PAUSE.as_secs()).unwrap_or(i32::MAX);
        send.delay_seconds(seconds).send().await.map(|_| ()).map_err(|error| queue_error(&error))
    }
}

#[async_trait]
impl Visibility for SqsQueue {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(period.as_secs()).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        change.visibility_timeout(seconds).send().await.map(|_| ()).map_err(|error| queue_error(&error))
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        delete.send().await.map(|_| ()).map_err(|error| queue_error(&error))
    }
}

/// By it the invocation that takes the message belongs to the trace of the one that has sent it (Amazon SQS,
/// `SendMessage`, `MessageSystemAttributes`).
fn trace_header(xray: &str) -> Option<MessageSystemAttributeValue> {
    // It fails without a type only.
    MessageSystemAttributeValue::builder().data_type("String").string_value(xray).build().ok()
}

fn queue_error<E>(error: &SdkError<E, HttpResponse>) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("RequestThrottled" | "ThrottlingException" | "KmsThrottled") => QueueError::Throttled,
        _ => QueueError::Unavailable(DisplayErrorContext(error).to_string()),
    }
}
