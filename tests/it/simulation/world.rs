//! A world of clients, workers and agents, and what goes wrong in it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::client::Client;
use super::functions::Functions;
use super::gateway::Gateway;
use super::observer::{Observer, gather_crowds};
use super::process::Process;
use super::relays::{self, Relays};
use super::shared::{Shared, Stores};
use super::source::Source;
use super::workers::{Consumer, Workers};
use crate::support::reply::ReplyInParts;

/// Of the messages that do not reach a worker, so many never will: a function that does not start.
const HOPELESS: f64 = 0.3;

/// Processes that end what no worker could take.
const CLOSERS: usize = 2;

/// Processes that relay what agents say that go on by themselves.
const RELAYS: usize = 8;

/// When the clients have all they asked for, whoever only watches may still be owed something.
const REST: Duration = Duration::from_secs(20 * 60);

/// How much happens.
#[derive(Clone, Copy)]
pub struct Scale {
    pub clients: usize,
    pub prompts_per_client: usize,
    pub sessions: usize,
    /// Processes that run several prompts at once.
    pub workers: usize,
    /// Processes that run one at a time, and are frozen between two.
    pub lambdas: usize,
    /// Who only watches, each a session.
    pub observers: usize,
}

/// How often what goes wrong.
#[derive(Clone, Copy)]
pub struct Faults {
    /// A call of a store fails before or after it did its work, or is made twice.
    pub store: f64,
    /// A call of a store takes up to 70 s; times of throttling come with it.
    pub slow: f64,
    /// A push is throttled, fails, hangs, or delivers and fails.
    pub push: f64,
    /// A call of an agent goes wrong in one of its ways.
    pub agent: f64,
    /// A message is given out twice.
    pub twice: f64,
    /// A message's visibility lapses while it is worked on.
    pub lapse: f64,
    /// A message is given out and reaches nobody.
    pub unreached: f64,
    /// A client loses its connection within a second.
    pub drop: f64,
    /// An observer does.
    pub observer_drop: f64,
    /// A client stops a request within a second.
    pub stop: f64,
    /// A client sends many resumes at once within a second.
    pub resumes: f64,
    /// Crowds come and go.
    pub crowds: bool,
    /// An invocation of the `connections` function dies, or is frozen for a while.
    pub function: f64,
    /// An invocation of the worker has little time.
    pub short: f64,
    /// So many prompts of a client wait at once, at most.
    pub at_once: usize,
    /// An agent goes on by itself.
    pub detached: f64,
    /// A prompt is uploaded; of such some come late, and some never.
    pub upload: f64,
    /// A relay, or who looks after such runs, dies in mid-batch, or is frozen.
    pub relay: f64,
    /// How long a worker lives undisturbed at most, besides five seconds.
    pub worker_life: Duration,
}

impl Faults {
    pub fn none() -> Self {
        Self {
            store: 0.0,
            slow: 0.0,
            push: 0.0,
            agent: 0.0,
            twice: 0.0,
            lapse: 0.0,
            unreached: 0.0,
            drop: 0.0,
            observer_drop: 0.0,
            stop: 0.0,
            resumes: 0.0,
            crowds: false,
            function: 0.0,
            short: 0.0,
            at_once: 3,
            detached: 0.0,
            upload: 0.0,
            relay: 0.0,
            worker_life: Duration::from_secs(1_000_000),
        }
    }

    pub fn storm() -> Self {
        Self {
            store: 0.02,
            slow: 0.002,
            push: 0.02,
            agent: 0.05,
            twice: 0.05,
            lapse: 0.05,
            unreached: 0.02,
            drop: 0.01,
            observer_drop: 0.0002,
            stop: 0.002,
            resumes: 0.002,
            crowds: true,
            function: 0.01,
            short: 0.35,
            at_once: 3,
            detached: 0.0,
            upload: 0.1,
            relay: 0.0,
            worker_life: Duration::from_secs(90),
        }
    }
}

impl Faults {
    /// The same where most agents go on by themselves.
    pub fn detached_storm() -> Self {
        Self { detached: 0.8, relay: 0.05, stop: 0.004, ..Self::storm() }
    }
}

/// What there was in a world.
#[derive(Debug, PartialEq)]
pub struct Tally {
    pub requests: usize,
    /// Runs whose agents went on by themselves.
    pub detached: usize,
    /// What tells this world from another.
    pub mark: usize,
}

/// Runs a world to its end; what there was, or what broke.
pub async fn run(seed: u64, scale: Scale, faults: Faults, stores: Stores) -> Result<Tally, String> {
    let shared = Shared::new(seed, faults, stores);
    let next = Arc::new(AtomicUsize::new(1));
    let make = {
        let shared = shared.clone();
        move |process: &Process| shared.connections_handler(process)
    };
    let gateway = Arc::new(Gateway {
        messages: shared.message_handler(&Process::new(0)),
        connections: Arc::new(Functions::new(make, shared.dice.clone(), faults.function, next.clone())),
        network: shared.network.clone(),
        record: shared.record.clone(),
        bucket: shared.bucket.clone(),
    });
    let mut background = JoinSet::new();
    let workers = Workers {
        dice: shared.dice.clone(),
        faults,
        source: Source::new(shared.queue.clone(), HOPELESS),
        record: shared.record.clone(),
        consumer: {
            let shared = shared.clone();
            move |process: &Process| Consumer::Worker(shared.worker(process))
        },
        next: next.clone(),
    };
    for number in 0..scale.workers + scale.lambdas {
        background.spawn(workers.clone().keep_alive(number >= scale.workers));
    }
    let closers = Workers {
        dice: shared.dice.clone(),
        faults,
        source: Source::new(shared.given_up.clone(), 0.0),
        record: shared.record.clone(),
        consumer: {
            let shared = shared.clone();
            move |process: &Process| Consumer::Closer(shared.closer(process))
        },
        next: next.clone(),
    };
    for _ in 0..CLOSERS {
        background.spawn(closers.clone().keep_alive(true));
    }
    if faults.detached > 0.0 {
        relay_detached_runs(&shared, &next, &mut background);
    }
    for number in 0..scale.observers {
        let (principal, session) = place(number, scale);
        let (gateway, dice) = (gateway.clone(), shared.dice.clone());
        let name = format!("observer{number}");
        background.spawn(Observer { gateway, name, principal, session, drop: faults.observer_drop, dice }.watch());
    }
    let mut crowds = JoinSet::new();
    if faults.crowds {
        let sessions = (0..scale.sessions).map(|number| place(number, scale)).collect();
        crowds.spawn(gather_crowds(gateway.clone(), shared.dice.clone(), sessions));
    }
    let clients = (0..scale.clients).map(|number| {
        let (principal, session) = place(number, scale);
        let client = Client {
            gateway: gateway.clone(),
            name: format!("client{number}"),
            principal,
            session,
            prompts: scale.prompts_per_client,
            faults,
            dice: shared.dice.clone(),
        };
        client.live()
    });
    let clients = timeout(Duration::from_secs(100_000), join_all(clients)).await;
    clients.map_err(|_| "  the clients never came to an end\n".to_owned())?;
    drop(crowds);
    // What is under way for nobody who asked comes to rest; then a fresh connection must get every reply.
    sleep(REST).await;
    let missing = shared.record.owed.missing(&shared.record.fates, &shared.record.detached);
    missing.into_iter().for_each(|what| shared.record.broke(what));
    shared.weather.calm();
    shared.queue_weather.calm();
    replay_all(&gateway).await;
    drop(background);
    // What the dice show next depends on every throw before.
    let detached = shared.record.detached.count();
    shared.record.verdict().map(|requests| Tally { requests, detached, mark: shared.dice.below(usize::MAX) })
}

/// Starts whoever is behind the queues of detached runs.
fn relay_detached_runs(shared: &Shared, next: &Arc<AtomicUsize>, background: &mut JoinSet<()>) {
    let (dice, faults) = (shared.dice.clone(), shared.faults);
    for number in 0..RELAYS + CLOSERS {
        let (shared, is_relay, record) = (shared.clone(), number < RELAYS, shared.record.clone());
        let queue = if is_relay { shared.replies.clone() } else { shared.watch.clone() };
        let consumer = move |process: &Process| match is_relay {
            true => relays::Consumer::Relay(shared.relay(process)),
            false => relays::Consumer::Watch(shared.closer(process)),
        };
        let relays = Relays { dice: dice.clone(), faults, queue, consumer, next: next.clone(), record };
        background.spawn(relays.keep_alive());
    }
}

/// Two principals use the same session ids, and several clients of one principal share a session.
fn place(number: usize, scale: Scale) -> (String, String) {
    (format!("principal{}", number % 2), format!("session{}", (number / 2) % (scale.sessions / 2)))
}

/// I5: a fresh connection that asks for a reply gets it whole, from its first frame to its ending.
async fn replay_all(gateway: &Gateway) {
    gateway.network.calm();
    for (number, who) in gateway.record.requests().into_iter().enumerate() {
        let connection = format!("replay-{number}=");
        let [principal, session, request] = <[&str; 3]>::try_from(who.split('/').collect::<Vec<_>>()).expect("a name");
        let mut inbox = gateway.network.open(&connection, principal);
        // The table still fails now and then; what is refused, or breaks off, is asked for again.
        while !gateway.connect(&connection, principal, None).await {}
        let mut reply = ReplyInParts::default();
        for _ in 0..10 {
            gateway.resume(&connection, principal, session, Some(request), 0);
            sleep(Duration::from_secs(5)).await;
            while let Ok(message) = inbox.try_recv() {
                if message.get("seq").is_some() && message["requestId"] == request {
                    reply.take(message);
                }
            }
            if reply.is_whole() {
                break;
            }
        }
        let frames = reply.into_frames();
        gateway.record.reply(&who, "a fresh connection", frames);
        gateway.network.close(&connection);
        gateway.disconnect(&connection, principal).await;
    }
}
