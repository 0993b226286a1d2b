//! What the event source mappings do on AWS: take messages from a queue and give them to the function behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use metrics::Gauge;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::Abandoned;
use super::metrics::Counted;
use crate::closer::Closer;
use crate::queue::memory::{Delivery, MemoryQueue};
use crate::queue::payload::QueuedPrompt;
use crate::relay::Relay;
use crate::worker::{Deadline, Worker};

/// How long runs that were told to end have to push their endings.
const ENDING: Duration = Duration::from_secs(3);

/// The bodies of the messages that are being worked on, by their ids.
type Running = Arc<Mutex<BTreeMap<String, Arc<str>>>>;

/// What stands behind a queue.
#[derive(Debug, Clone)]
pub(super) enum Consumer {
    /// With the gauge of runs that are under way.
    Worker(Worker, Gauge),
    Closer(Closer),
    Relay(Relay),
    Watch(Closer),
}

impl Consumer {
    /// How many messages of a group it is given at once.
    fn batch_size(&self) -> usize {
        match self {
            // A batch keeps all its messages from others till its slowest run ends.
            Self::Worker(..) | Self::Closer(_) | Self::Watch(_) => 1,
            // The batch size of the event source mapping on AWS.
            Self::Relay(_) => 10,
        }
    }

    async fn handle(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let by = *deadline.borrow();
        match self {
            Self::Worker(worker, active) => {
                let _active = Counted::by(active.clone());
                worker.handle(event, deadline).await
            }
            Self::Closer(closer) => closer.handle(event, by).await,
            Self::Relay(relay) => relay.handle(event, by).await,
            Self::Watch(closer) => closer.watch(event, by).await,
        }
    }
}

/// Gives messages to a consumer until it is shut down.
#[derive(Debug)]
pub(super) struct Dispatcher {
    queue: Arc<MemoryQueue>,
    deadline: watch::Sender<Option<Instant>>,
    deadline_margin: Duration,
    running: Running,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Dispatcher {
    pub(super) fn start(
        queue: Arc<MemoryQueue>,
        consumer: Consumer,
        max_runs: usize,
        deadline_margin: Duration,
    ) -> Self {
        let (deadline, stop) = (watch::Sender::new(None), watch::Sender::new(false));
        let running = Running::default();
        let pump = Pump {
            queue: queue.clone(),
            consumer,
            deadline: deadline.subscribe(),
            running: running.clone(),
            places: Arc::new(Semaphore::new(max_runs)),
        };
        let task = tokio::spawn(pump.run(stop.subscribe()));
        Self { queue, deadline, deadline_margin, running, stop, task }
    }

    /// Takes no more messages, and waits for those that are being worked on.
    pub(super) async fn shut_down(&mut self, grace: Duration) -> Abandoned {
        self.queue.close();
        self.stop.send_replace(true);
        if timeout(grace, &mut self.task).await.is_ok() {
            return Abandoned { running: Vec::new(), waiting: self.queue.len() };
        }
        // Whoever still runs now is ended by what follows, and by nothing else.
        let running: BTreeMap<_, _> = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.deadline.send_replace(Some(Instant::now() + self.deadline_margin));
        let _ = timeout(ENDING, &mut self.task).await;
        self.task.abort();
        let waiting = self.queue.len();
        let prompts = running.into_values().filter_map(|body| QueuedPrompt::decode(&body).ok());
        Abandoned { running: prompts.map(|prompt| prompt.run.request).collect(), waiting }
    }
}

struct Pump {
    queue: Arc<MemoryQueue>,
    consumer: Consumer,
    deadline: Deadline,
    running: Running,
    places: Arc<Semaphore>,
}

impl Pump {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut runs = JoinSet::new();
        loop {
            let next = async {
                let place = self.places.clone().acquire_owned().await;
                (place, self.queue.receive_batch(self.consumer.batch_size()).await)
            };
            let (place, batch) = tokio::select! {
                next = next => next,
                Some(_) = runs.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (consumer, queue, deadline) = (self.consumer.clone(), self.queue.clone(), self.deadline.clone());
            let running: Vec<Entry> = batch.iter().map(|delivery| Entry::new(&self.running, delivery)).collect();
            runs.spawn(async move {
                let _held = (place, running);
                let response = consumer.handle(event_of(&batch), deadline).await;
                delete_done(&queue, &batch, &response);
            });
        }
        while runs.join_next().await.is_some() {}
    }
}

/// A message that is being worked on, listed until this is dropped.
struct Entry {
    running: Running,
    message_id: String,
}

impl Entry {
    fn new(running: &Running, delivery: &Delivery) -> Self {
        let (message_id, body) = (delivery.message_id.clone(), Arc::clone(&delivery.body));
        running.lock().unwrap_or_else(PoisonError::into_inner).insert(message_id.clone(), body);
        Self { running: running.clone(), message_id }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.message_id);
    }
}

/// Deletes the messages of `batch` that do not have to come again.
fn delete_done(queue: &MemoryQueue, batch: &[Delivery], response: &SqsBatchResponse) {
    let failures = response.batch_item_failures.iter();
    let failed: BTreeSet<&str> = failures.map(|failure| failure.item_identifier.as_str()).collect();
    for delivery in batch.iter().filter(|delivery| !failed.contains(delivery.message_id.as_str())) {
        queue.delete(&delivery.receipt);
    }
}

fn event_of(batch: &[Delivery]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = batch.iter().map(record_of).collect();
    event
}

fn record_of(delivery: &Delivery) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(delivery.message_id.clone());
    message.receipt_handle = Some(delivery.receipt.clone());
    message.body = Some(delivery.body.to_string());
    message.event_source = Some("aws:sqs".to_owned());
    message.attributes.insert("MessageGroupId".to_owned(), delivery.group.clone());
    message.attributes.insert("ApproximateReceiveCount".to_owned(), delivery.receive_count.to_string());
    message
}
