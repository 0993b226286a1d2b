//! The processes behind a queue, workers and closers: they die, freeze, are cut off from the table, and run out of time.
//!
//! Some workers run several prompts at once; the others, and closers, are as on Lambda: one at a time, and frozen between
//! two.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentcore_gateway::closer::Closer;
use agentcore_gateway::queue::memory::Delivery;
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::worker::Worker;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::dice::Dice;
use super::process::Process;
use super::source::Source;
use super::verifier::{Record, who_is};
use super::world::Faults;
use crate::support::engine::event_of;

/// So many runs at once in a process that runs several.
const RUNS: usize = 8;

/// A freeze that is longer kills the sockets; a shorter one may.
const SOCKETS_LIVE: Duration = Duration::from_secs(20);

/// The longest that a process is frozen in its middle, and cut off.
const LONGEST_FREEZE: Duration = Duration::from_secs(180);
const LONGEST_CUT: Duration = Duration::from_secs(100);

/// Lambda's longest time for an invocation, and the shortest that may be chosen for the worker.
const LONGEST_INVOCATION: Duration = Duration::from_secs(900);
const SHORTEST_INVOCATION: Duration = Duration::from_secs(30);

/// A message that has to come again after less has only waited for somebody else's run.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Waits behind a run have to cover a message whose visibility lapsed so often; each lapse more costs it a receive.
const LAPSES: usize = 1;

/// What is said of a worker that could not reach the stores.
const CUT_OFF: &str = "was cut off";

/// What stands behind a queue.
pub enum Consumer {
    Worker(Worker),
    Closer(Closer),
}

impl Consumer {
    async fn handle(&self, event: SqsEvent, deadline: Instant) -> SqsBatchResponse {
        match self {
            Self::Worker(worker) => {
                let told = watch::Sender::new(Some(deadline));
                worker.handle(event, told.subscribe()).await
            }
            Self::Closer(closer) => closer.handle(event, Some(deadline)).await,
        }
    }
}

/// What happens to a process in its life.
enum Event {
    Death,
    Cut(Duration),
    Freeze(Duration),
}

/// All that a process behind a queue needs.
#[derive(Clone)]
pub struct Workers<T> {
    pub dice: Dice,
    pub faults: Faults,
    pub source: Source,
    pub record: Record,
    pub consumer: T,
    /// The numbers of processes.
    pub next: Arc<AtomicUsize>,
}

/// One life of a process.
struct Life<'a> {
    process: Process,
    consumer: Consumer,
    dice: &'a Dice,
    faults: Faults,
    source: &'a Source,
    record: &'a Record,
}

impl<T: Fn(&Process) -> Consumer> Workers<T> {
    /// Keeps one process alive: starts it again after each of its deaths. Ends with the task that runs it.
    pub async fn keep_alive(self, is_lambda: bool) {
        let Self { dice, faults, source, record, .. } = &self;
        loop {
            let process = Process::new(self.next.fetch_add(1, Ordering::Relaxed));
            let consumer = (self.consumer)(&process);
            let life = Life { process: process.clone(), consumer, dice, faults: *faults, source, record };
            // When its fate is sealed the process ends wherever it stands, with all its runs.
            tokio::select! {
                biased;
                () = life.fate() => {}
                () = life.work_alone(), if is_lambda => {}
                () = life.work_at_once(), if !is_lambda => {}
            }
            record.fates.disturbed(process.id(), "died");
            process.die();
            sleep(dice.time(Duration::from_secs(10))).await;
        }
    }
}

impl Life<'_> {
    async fn fate(&self) {
        loop {
            sleep(Duration::from_secs(5) + self.dice.time(self.faults.worker_life)).await;
            match self.next_event() {
                Event::Death => return,
                Event::Cut(time) => {
                    self.record.fates.disturbed(self.process.id(), CUT_OFF);
                    self.process.cut(true);
                    sleep(time).await;
                    self.process.cut(false);
                }
                Event::Freeze(time) => self.freeze(time).await,
            }
        }
    }

    fn next_event(&self) -> Event {
        match self.dice.below(10) {
            0..5 => Event::Death,
            5..7 => Event::Cut(self.dice.time(LONGEST_CUT)),
            7 => Event::Freeze(self.dice.time(SOCKETS_LIVE)),
            8 => Event::Freeze(self.dice.time(Duration::from_secs(60))),
            _ => Event::Freeze(self.dice.time(LONGEST_FREEZE)),
        }
    }

    async fn freeze(&self, time: Duration) {
        let kills_sockets = time > SOCKETS_LIVE || self.dice.chance(0.5);
        self.record.fates.disturbed(self.process.id(), "was frozen");
        if kills_sockets {
            self.record.hung_up(self.process.id());
        }
        self.process.freeze(kills_sockets);
        sleep(time).await;
        self.process.thaw();
    }

    /// One prompt after the other, and frozen between two. Returns when it dies.
    async fn work_alone(&self) {
        loop {
            self.process.freeze(true);
            let Some(delivery) = self.source.receive(self.dice, self.faults).await else { continue };
            self.process.thaw();
            if !self.handle(delivery).await {
                return;
            }
        }
    }

    /// Several prompts at once. Returns when it dies.
    async fn work_at_once(&self) {
        let mut runs = FuturesUnordered::new();
        loop {
            let next = async {
                self.process.awake().await;
                self.source.receive(self.dice, self.faults).await
            };
            tokio::select! {
                biased;
                Some::<bool>(lives) = runs.next() => if !lives { return },
                delivery = next, if runs.len() < RUNS => runs.extend(delivery.map(|delivery| self.handle(delivery))),
            }
        }
    }

    /// Handles one message in one invocation; `false` if that came to its deadline, and the process dies of it.
    async fn handle(&self, delivery: Delivery) -> bool {
        self.process.awake().await;
        let prompt = QueuedPrompt::decode(&delivery.body).expect("a prompt");
        let who = who_is(&prompt.run.session, &prompt.run.request);
        let (time, began) = (self.time(), Instant::now());
        let deadline = began + time;
        let (message, receipt) = (delivery.message_id.clone(), delivery.receipt.clone());
        let receive_count = delivery.receive_count;
        let (process, fates) = (&self.process, &self.record.fates);
        let failures = process.failures();
        fates.begins(process.id(), &who, &receipt);
        if let Consumer::Closer(_) = self.consumer {
            self.record.given_up(&who);
        }
        // It may have been given the message while it was cut off, or stood still.
        if process.is_cut() || process.is_frozen() {
            fates.disturbed(process.id(), CUT_OFF);
        }
        let response = tokio::select! {
            biased;
            response = process.run(self.consumer.handle(event_of([delivery]), deadline)) => Some(response),
            () = sleep_until(deadline) => None,
        };
        let is_in_time = response.is_some();
        let comes_again = response.as_ref().is_some_and(|response| !response.batch_item_failures.is_empty());
        match response {
            Some(response) if response.batch_item_failures.is_empty() => {
                self.source.queue.delete(&receipt);
                self.record.done(&who);
            }
            Some(_)
                if began.elapsed() < AT_ONCE
                    && self.source.lapses(&message) <= LAPSES
                    && !fates.is_disturbed(process.id(), &who) =>
            {
                self.record.waits(&who, &message, receive_count);
            }
            _ => {}
        }
        if !is_in_time && !fates.is_disturbed(process.id(), &who) {
            let time = time.as_secs();
            self.record.broke(format!("deadline: whoever had {who} was not done after the {time} s that it had"));
        }
        if is_in_time {
            fates.ends(process.id(), &who, deadline);
            if comes_again && process.failures() != failures {
                fates.left(&who);
            }
        }
        is_in_time
    }

    /// How long an invocation may take.
    fn time(&self) -> Duration {
        if self.dice.chance(self.faults.short) {
            SHORTEST_INVOCATION + self.dice.time(Duration::from_secs(60))
        } else {
            LONGEST_INVOCATION
        }
    }
}
