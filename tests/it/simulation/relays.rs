//! The processes behind the queues of detached runs: relays, that die and freeze in mid-batch, get batches that are cut
//! anyhow and given to two at once; and those that look after such runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentcore_gateway::closer::Closer;
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::relay::Relay;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use tokio::time::{Instant, sleep, sleep_until};

use super::dice::Dice;
use super::process::Process;
use super::verifier::Record;
use super::world::Faults;
use crate::support::engine::event_of;

/// The batch size of the event source mapping.
const BATCH: usize = 10;

/// How long an invocation may take.
const TIME: Duration = Duration::from_secs(30);

/// The longest that a process is frozen in its middle; its messages come again meanwhile.
const LONGEST_FREEZE: Duration = Duration::from_secs(120);

/// What stands behind such a queue.
pub enum Consumer {
    Relay(Relay),
    Watch(Closer),
}

/// A pool of processes behind a queue.
#[derive(Clone)]
pub struct Relays<T> {
    pub dice: Dice,
    pub faults: Faults,
    pub queue: Arc<MemoryQueue>,
    pub consumer: T,
    pub next: Arc<AtomicUsize>,
    pub record: Record,
}

impl<T: Fn(&Process) -> Consumer + Clone + Send + Sync + 'static> Relays<T> {
    /// Handles one batch after the other, each in the process that handled the last one, unless that has died.
    pub async fn keep_alive(self) {
        loop {
            let process = Process::new(self.next.fetch_add(1, Ordering::Relaxed));
            let consumer = Arc::new((self.consumer)(&process));
            loop {
                process.freeze(true);
                let batch = self.queue.receive_batch(1 + self.dice.below(BATCH)).await;
                process.thaw();
                if self.dice.chance(self.faults.twice) {
                    // It comes to another one too, which has its own idea of what is under way.
                    tokio::spawn(self.clone().handle_once(batch.clone(), self.dice.time(2 * TIME)));
                }
                if !self.handle(&process, &consumer, batch).await {
                    break;
                }
            }
            process.die();
            sleep(self.dice.time(Duration::from_secs(3))).await;
        }
    }

    async fn handle_once(self, batch: Vec<Delivery>, after: Duration) {
        sleep(after).await;
        let process = Process::new(self.next.fetch_add(1, Ordering::Relaxed));
        let consumer = (self.consumer)(&process);
        self.handle(&process, &consumer, batch).await;
        process.die();
    }

    /// Whether the process lives on.
    async fn handle(&self, process: &Process, consumer: &Consumer, batch: Vec<Delivery>) -> bool {
        let began = Instant::now();
        let deadline = began + TIME;
        let (freezes, failures) = (process.freezes(), process.failures());
        let group = batch.first().map(|delivery| delivery.group.clone()).unwrap_or_default();
        self.record.detached.came(&group);
        let event = event_of(batch.clone());
        let handled = async {
            match consumer {
                Consumer::Relay(relay) => relay.handle(event, Some(deadline)).await,
                Consumer::Watch(closer) => closer.watch(event, Some(deadline)).await,
            }
        };
        let response: Option<SqsBatchResponse> = tokio::select! {
            biased;
            () = self.disturb(process) => None,
            response = process.run(handled) => Some(response),
            () = sleep_until(deadline) => None,
        };
        let comes_again = response.as_ref().is_none_or(|response| response.batch_item_failures.len() == batch.len());
        let was_troubled = response.is_none() || process.freezes() != freezes || process.failures() != failures;
        if comes_again && was_troubled {
            self.record.detached.troubled(&group, began);
        }
        let Some(response) = response else { return false };
        let again = |delivery: &&Delivery| {
            let mut failures = response.batch_item_failures.iter();
            !failures.any(|failure| failure.item_identifier == delivery.message_id)
        };
        batch.iter().filter(again).for_each(|delivery| self.queue.delete(&delivery.receipt));
        true
    }

    /// Returns when the process dies.
    async fn disturb(&self, process: &Process) {
        if !self.dice.chance(self.faults.relay) {
            std::future::pending::<()>().await;
        }
        sleep(self.dice.time(Duration::from_secs([1, 8][self.dice.below(2)]))).await;
        if self.dice.chance(0.6) {
            return;
        }
        process.freeze(true);
        sleep(self.dice.time(LONGEST_FREEZE)).await;
        process.thaw();
        std::future::pending::<()>().await;
    }
}
