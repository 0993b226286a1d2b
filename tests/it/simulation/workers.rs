//! Worker processes that die, freeze, are cut off from the table, run out of time, and get messages twice or not at all.
//!
//! Some run several prompts at once; the others are as on Lambda: one at a time, and frozen between two.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::worker::{Tools, Worker};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::dice::Dice;
use super::process::Process;
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

/// What is said of a worker that could not reach the stores.
const CUT_OFF: &str = "was cut off";

/// What happens to a process in its life.
enum Event {
    Death,
    Cut(Duration),
    Freeze(Duration),
}

/// The queue, and the messages that it gives out once more.
#[derive(Clone)]
pub struct Source {
    pub queue: Arc<MemoryQueue>,
    again: mpsc::UnboundedSender<Delivery>,
    twice: Arc<Mutex<mpsc::UnboundedReceiver<Delivery>>>,
}

impl Source {
    pub fn new(queue: Arc<MemoryQueue>) -> Self {
        let (again, twice) = mpsc::unbounded_channel();
        Self { queue, again, twice: Arc::new(Mutex::new(twice)) }
    }

    async fn next(&self) -> Delivery {
        let mut twice = self.twice.lock().await;
        tokio::select! {
            biased;
            Some(delivery) = twice.recv() => delivery,
            delivery = self.queue.receive() => delivery,
        }
    }

    fn give_again(&self, delivery: Delivery, after: Duration) {
        let again = self.again.clone();
        tokio::spawn(async move {
            sleep(after).await;
            let _ = again.send(delivery);
        });
    }
}

/// All that a worker process needs.
#[derive(Clone)]
pub struct Workers<T> {
    pub dice: Dice,
    pub faults: Faults,
    pub source: Source,
    pub record: Record,
    pub tools: T,
    /// The numbers of processes.
    pub next: Arc<AtomicUsize>,
}

/// One life of a process.
struct Life<'a> {
    process: Process,
    worker: Worker,
    dice: &'a Dice,
    faults: Faults,
    source: &'a Source,
    record: &'a Record,
}

impl<T: Fn(&Process) -> Tools> Workers<T> {
    /// Keeps one process alive: starts it again after each of its deaths. Ends with the task that runs it.
    pub async fn keep_alive(self, is_lambda: bool) {
        let Self { dice, faults, source, record, .. } = &self;
        loop {
            let process = Process::new(self.next.fetch_add(1, Ordering::Relaxed));
            let worker = Worker::new((self.tools)(&process));
            let life = Life { process: process.clone(), worker, dice, faults: *faults, source, record };
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
            let Some(delivery) = self.receive().await else { continue };
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
                self.receive().await
            };
            tokio::select! {
                biased;
                Some::<bool>(lives) = runs.next() => if !lives { return },
                delivery = next, if runs.len() < RUNS => runs.extend(delivery.map(|delivery| self.handle(delivery))),
            }
        }
    }

    /// The next message; `None` if it got lost on its way, and has to become visible again.
    async fn receive(&self) -> Option<Delivery> {
        let delivery = self.source.next().await;
        if self.dice.chance(self.faults.twice) {
            self.source.give_again(delivery.clone(), self.dice.time(Duration::from_secs(90)));
        }
        (!self.dice.chance(self.faults.unreached)).then_some(delivery)
    }

    /// Handles one message in one invocation; `false` if that came to its deadline, and the process dies of it.
    async fn handle(&self, delivery: Delivery) -> bool {
        self.process.awake().await;
        let prompt = QueuedPrompt::decode(&delivery.body).expect("a prompt");
        let who = who_is(&prompt.run.session, &prompt.run.request);
        let time = self.time();
        let deadline = Instant::now() + time;
        let (receipt, told) = (delivery.receipt.clone(), watch::Sender::new(Some(deadline)));
        let (process, fates) = (&self.process, &self.record.fates);
        fates.begins(process.id(), &who);
        if process.is_cut() {
            fates.disturbed(process.id(), CUT_OFF);
        }
        let is_in_time = tokio::select! {
            biased;
            response = process.run(self.worker.handle(event_of([delivery]), told.subscribe())) => {
                if response.batch_item_failures.is_empty() {
                    self.source.queue.delete(&receipt);
                }
                true
            }
            () = sleep_until(deadline) => false,
        };
        if !is_in_time && !fates.is_disturbed(process.id(), &who) {
            let time = time.as_secs();
            self.record.broke(format!("deadline: the worker of {who} was not done after the {time} s that it had"));
        }
        if is_in_time {
            fates.ends(process.id(), &who, deadline);
        }
        is_in_time
    }

    /// How long an invocation may take.
    fn time(&self) -> Duration {
        if self.dice.chance(self.faults.short) {
            SHORTEST_INVOCATION + self.dice.time(Duration::from_secs(90))
        } else {
            LONGEST_INVOCATION
        }
    }
}
