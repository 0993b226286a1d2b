//! Batches of queue messages, as the event source mapping hands them to a function.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use tracing::{error, warn};

use super::Visibility;
use super::payload::QueuedPrompt;
use super::tag::Unreadable;

/// When a message of a later version comes again. A release reaches all functions within minutes.
pub(crate) const ROLL_OUT: Duration = Duration::from_secs(60);

/// The system attribute of a message that holds its trace, for X-Ray.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// What becomes of a queue message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is dealt with; the queue may forget it.
    Done,
    /// It has to come again.
    Later,
}

/// A prompt that was received.
#[derive(Debug)]
pub(crate) struct Received {
    /// The prompt.
    pub(crate) prompt: QueuedPrompt,
    /// What to hide its message by.
    pub(crate) receipt: String,
    /// How often it was given out, this time included.
    pub(crate) receive_count: u32,
}

/// Handles the prompts of a batch with `take`, one after the other within a message group and all groups at once. Records
/// that have to come again are named in the response; of a group, all behind the first of them, to keep the order.
pub(crate) async fn handle<E, F>(
    event: SqsEvent,
    visibility: &dyn Visibility,
    take: impl Fn(Box<Received>) -> F,
) -> SqsBatchResponse
where
    E: Display,
    F: Future<Output = Result<Verdict, E>>,
{
    let failures = join_all(by_group(event).map(|records| handle_group(records, visibility, &take))).await;
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().flatten().collect();
    response
}

/// The records of each message group, in their order.
pub(crate) fn by_group(event: SqsEvent) -> impl Iterator<Item = Vec<SqsMessage>> {
    let mut groups: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
    for record in event.records {
        let group = record.attributes.get("MessageGroupId").cloned().unwrap_or_default();
        // Mostly it is alone, and there as long as its run.
        groups.entry(group).or_insert_with(|| Vec::with_capacity(1)).push(record);
    }
    groups.into_values()
}

async fn handle_group<E, F>(
    records: Vec<SqsMessage>,
    visibility: &dyn Visibility,
    take: &impl Fn(Box<Received>) -> F,
) -> Vec<BatchItemFailure>
where
    E: Display,
    F: Future<Output = Result<Verdict, E>>,
{
    let mut failures = Vec::new();
    for (failure, read) in records.into_iter().map(|record| (failed(&record), read(record))) {
        let message_id = &failure.item_identifier;
        if !failures.is_empty() || handle_record(message_id, read, visibility, take).await == Verdict::Later {
            failures.push(failure);
        }
    }
    failures
}

/// What a record holds.
enum Read {
    Prompt(Box<Received>),
    Unreadable { error: Unreadable, receipt: String },
}

/// Reads a record. It is gone then: it has the prompt once more, which may take an hour.
fn read(record: SqsMessage) -> Read {
    let receive_count = receive_count(&record);
    let prompt = QueuedPrompt::decode(record.body.as_deref().unwrap_or_default());
    let prompt = prompt.map(|prompt| traced(prompt, &record));
    let receipt = record.receipt_handle.unwrap_or_default();
    match prompt {
        Ok(prompt) => Read::Prompt(Box::new(Received { prompt, receipt, receive_count })),
        Err(error) => Read::Unreadable { error, receipt },
    }
}

async fn handle_record<E, F>(
    message_id: &str,
    read: Read,
    visibility: &dyn Visibility,
    take: &impl Fn(Box<Received>) -> F,
) -> Verdict
where
    E: Display,
    F: Future<Output = Result<Verdict, E>>,
{
    match read {
        Read::Prompt(received) => {
            let run = &received.prompt.run;
            let (session, request) = (run.session.log_name(), run.request.clone());
            take(received).await.unwrap_or_else(|error| {
                warn!(message_id, session, %request, %error, "the prompt has to come again");
                Verdict::Later
            })
        }
        // It would come back for ever: no later attempt can read it either.
        Read::Unreadable { error: Unreadable::Malformed(error), .. } => {
            error!(message_id, %error, "dropped a queue message that is no prompt");
            Verdict::Done
        }
        Read::Unreadable { error: error @ Unreadable::Later { .. }, receipt } => {
            warn!(message_id, %error, "left a queue message to a later release");
            let _ = visibility.extend(&receipt, ROLL_OUT).await;
            Verdict::Later
        }
    }
}

/// The prompt in the trace of its message, which X-Ray may have gone on with since it was sent.
fn traced(mut prompt: QueuedPrompt, record: &SqsMessage) -> QueuedPrompt {
    if let Some(header) = record.attributes.get(TRACE_HEADER) {
        prompt.trace.xray = Some(header.clone());
    }
    prompt
}

/// Names a record that has to come again.
pub(crate) fn failed(record: &SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = record.message_id.clone().unwrap_or_default();
    failure
}

pub(crate) fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    count.unwrap_or_default()
}
