//! The records of an invocation, by message group and run.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

use super::Tools;
use super::take::Taken;
use crate::protocol::ids::ReplyRun;
use crate::queue::batch::{ROLL_OUT, by_group, failed, receive_count};
use crate::queue::reply::ReplyMessage;
use crate::queue::tag::Unreadable;

/// So long before its deadline an invocation answers: what it has not relayed until then comes again.
const MARGIN: Duration = Duration::from_secs(2);

/// When messages come again after a failure.
const AGAIN: Duration = Duration::from_secs(2);

/// A message that came so often waits for a call of its agent that goes on, or for one before it that is lost.
const OFTEN: u32 = 150;

/// When it comes again then: a call lasts up to 90 minutes (Lambda Managed Instances), and the queue gives a message out 1,000
/// times.
const LATER: Duration = Duration::from_secs(10);

/// A message, and the record that it came in.
pub(super) struct Received {
    pub(super) message: ReplyMessage,
    record: SqsMessage,
}

impl Tools {
    pub(super) async fn handle(&self, event: SqsEvent, deadline: Option<Instant>) -> SqsBatchResponse {
        let answer_by = deadline.and_then(|deadline| deadline.checked_sub(MARGIN));
        let again = join_all(by_group(event).map(|records| self.handle_group(records, answer_by))).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = again.into_iter().flatten().map(|record| failed(&record)).collect();
        response
    }

    /// Relays the messages of a group, run by run. Returns those that have to come again: of a group, all behind the first
    /// of them, to keep the order.
    async fn handle_group(&self, records: Vec<SqsMessage>, answer_by: Option<Instant>) -> Vec<SqsMessage> {
        let mut records = records.into_iter().peekable();
        while let Some((run, mut messages)) = next_run(&mut records) {
            let done = match answer_by {
                Some(answer_by) => timeout_at(answer_by, self.relay(&run, &messages)).await.unwrap_or_default(),
                None => self.relay(&run, &messages).await,
            };
            if done < messages.len() {
                let again = messages.split_off(done).into_iter().map(|received| received.record);
                let again: Vec<SqsMessage> = again.chain(records).collect();
                let came_often = again.first().is_some_and(|first| receive_count(first) > OFTEN);
                return self.come_again(again, if came_often { LATER } else { AGAIN }, answer_by).await;
            }
        }
        // What is left begins with a message of a later release.
        let left: Vec<SqsMessage> = records.collect();
        if left.is_empty() { left } else { self.come_again(left, ROLL_OUT, answer_by).await }
    }

    /// How many of these messages are dealt with.
    async fn relay(&self, run: &ReplyRun, messages: &[Received]) -> usize {
        match self.take(run, messages).await {
            Ok(Taken::All) => messages.len(),
            Ok(Taken::First(count)) => count,
            Err(error) => {
                warn!(%error, "the messages of a detached run have to come again");
                0
            }
        }
    }

    /// Shortens the time after which these come again: the queue's own visibility is much longer.
    async fn come_again(
        &self,
        records: Vec<SqsMessage>,
        pause: Duration,
        answer_by: Option<Instant>,
    ) -> Vec<SqsMessage> {
        let receipts = records.iter().filter_map(|record| record.receipt_handle.as_deref());
        let hidden = join_all(receipts.map(|receipt| self.visibility.extend(receipt, pause)));
        // If it fails, or takes longer than there is time, the queue's own visibility holds.
        match answer_by {
            Some(answer_by) => _ = timeout_at(answer_by + MARGIN / 2, hidden).await,
            None => _ = hidden.await,
        }
        records
    }
}

/// The next messages of one run. `None`: there are no more, or the next one is of a later release.
fn next_run(records: &mut std::iter::Peekable<impl Iterator<Item = SqsMessage>>) -> Option<(ReplyRun, Vec<Received>)> {
    let mut messages: Vec<Received> = Vec::new();
    while let Some(record) = records.peek() {
        match ReplyMessage::decode(record.body.as_deref().unwrap_or_default()) {
            Ok(message) if messages.first().is_some_and(|first| first.message.run != message.run) => break,
            Ok(message) => messages.extend(records.next().map(|record| Received { message, record })),
            // It would come back for ever: no later attempt can read it either.
            Err(Unreadable::Malformed(error)) => {
                error!(%error, "dropped a message that is no reply");
                records.next();
            }
            Err(error @ Unreadable::Later { .. }) => {
                warn!(%error, "left a reply to a later release");
                break;
            }
        }
    }
    let run = messages.first()?.message.run.clone();
    Some((run, messages))
}
