//! What the processes of a simulation share, and each as it has it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::choices::OnStop;
use agentcore_gateway::closer::{self, Closer};
use agentcore_gateway::connections::ConnectionsHandler;
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::identity::Identity;
use agentcore_gateway::journal::Journal;
use agentcore_gateway::journal::memory::{MAX_BYTES, MemoryJournal};
use agentcore_gateway::message::MessageHandler;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::protocol::reply::ReplyQueue;
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::random::Random;
use agentcore_gateway::relay::{self, Relay};
use agentcore_gateway::run_ended::Nobody;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Connections, ReplyRuns, Sessions};
use agentcore_gateway::uploads::{self, UploadOffers, UploadRoom, Uploads};
use agentcore_gateway::worker::settings::{LongRuns, Settings};
use agentcore_gateway::worker::{Tools, Worker};

use super::agents::SimulatedAgents;
use super::dice::Dice;
use super::long_runs::{MicroVms, World};
use super::network::Network;
use super::process::Process;
use super::stores::{Trouble, Troubled};
use super::uploads::Bucket;
use super::verifier::Record;
use super::weather::Weather;
use super::world::Faults;
use crate::support::clock::TestClock;

/// Longer than any simulation, so that every reply can be replayed at its end.
const WINDOW: Duration = Duration::from_secs(48 * 60 * 60);

/// As on AWS longer than a lease, but short enough for what is owed within minutes.
const VISIBILITY: Duration = Duration::from_secs(120);

/// How often the queue gives out a prompt before it is given up: seldom enough for that to happen.
pub const MAX_RECEIVE_COUNT: u32 = 4;

/// How often it is given out then. Whoever ends it must succeed within these.
const GIVEN_UP_RECEIVE_COUNT: u32 = 20;

/// How often a run is looked at, and an agent's message given out, at most.
const WATCH_RECEIVE_COUNT: u32 = 1000;
const REPLY_RECEIVE_COUNT: u32 = 200;

/// So short that some detached runs are beyond their time.
const MAX_RUN: Duration = Duration::from_secs(15 * 60);

/// As on AWS twice the time that a relay has.
const REPLY_VISIBILITY: Duration = Duration::from_secs(60);

/// Where the gateway keeps what it knows.
#[derive(Clone)]
pub struct Stores {
    pub sessions: Arc<dyn Sessions>,
    pub connections: Arc<dyn Connections>,
    pub reply_runs: Arc<dyn ReplyRuns>,
    pub journal: Arc<dyn Journal>,
}

impl Stores {
    pub fn in_memory() -> Self {
        let table = Arc::new(MemoryTable::default());
        let journal = Arc::new(MemoryJournal::new(WINDOW, MAX_BYTES));
        Self { sessions: table.clone(), connections: table.clone(), reply_runs: table, journal }
    }
}

/// What all processes share, and what goes wrong around it.
#[derive(Clone)]
pub struct Shared {
    pub dice: Dice,
    pub faults: Faults,
    pub record: Record,
    /// Of the table, and of the queues.
    pub weather: Weather,
    pub queue_weather: Weather,
    pub network: Network,
    pub clock: Arc<TestClock>,
    pub random: Arc<Random>,
    pub queue: Arc<MemoryQueue>,
    /// Where prompts go that were given out too often.
    pub given_up: Arc<MemoryQueue>,
    /// Runs to look after whose agents go on by themselves.
    pub watch: Arc<MemoryQueue>,
    /// What such agents say.
    pub replies: Arc<MemoryQueue>,
    pub vms: MicroVms,
    pub bucket: Arc<Bucket>,
    pub stores: Stores,
}

impl Shared {
    pub fn new(seed: u64, faults: Faults, stores: Stores) -> Self {
        let (dice, record) = (Dice::new(seed), Record::default());
        let limits =
            QueueLimits { visibility: VISIBILITY, max_receive_count: MAX_RECEIVE_COUNT, max_waiting: usize::MAX };
        let given_up = Arc::new(MemoryQueue::new(QueueLimits { max_receive_count: GIVEN_UP_RECEIVE_COUNT, ..limits }));
        Self {
            weather: Weather::new(dice.clone(), faults.store, faults.slow),
            queue_weather: Weather::new(dice.clone(), faults.store, faults.slow),
            network: Network::new(dice.clone(), faults.push, record.clone()),
            clock: Arc::new(TestClock::start()),
            random: Arc::new(Random::seeded(seed)),
            queue: Arc::new(MemoryQueue::before(given_up.clone(), limits)),
            given_up,
            watch: Arc::new(MemoryQueue::new(QueueLimits { max_receive_count: WATCH_RECEIVE_COUNT, ..limits })),
            vms: MicroVms::default(),
            bucket: Arc::default(),
            replies: Arc::new(MemoryQueue::new(QueueLimits {
                visibility: REPLY_VISIBILITY,
                max_receive_count: REPLY_RECEIVE_COUNT,
                ..limits
            })),
            stores,
            dice,
            faults,
            record,
        }
    }

    /// `inner` as `process` has it.
    fn troubled<T: ?Sized>(&self, inner: &Arc<T>, process: &Process) -> Arc<Troubled<T>> {
        troubled_by(&self.weather, inner, process, &self.record)
    }

    /// `queue` as `process` has it.
    fn troubled_queue(&self, queue: &Arc<MemoryQueue>, process: &Process) -> Arc<Troubled<MemoryQueue>> {
        troubled_by(&self.queue_weather, queue, process, &self.record)
    }

    /// What the `$default` function works with; it is not disturbed, for all it does is one call.
    pub fn message_handler(&self, process: &Process) -> MessageHandler {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        MessageHandler::new(
            self.troubled_queue(&self.queue, process),
            BTreeSet::from([AgentName::default_agent()]),
            Identity::Token,
            clock,
            random,
        )
    }

    pub fn connections_handler(&self, process: &Process) -> ConnectionsHandler {
        ConnectionsHandler {
            sessions: self.troubled(&self.stores.sessions, process),
            connections: self.troubled(&self.stores.connections, process),
            journal: self.troubled(&self.stores.journal, process),
            push: Arc::new(self.network.of(process)),
            clock: self.clock.clone(),
            random: self.random.clone(),
            identity: Identity::Token,
            origins: AllowedOrigins::Any,
            events: Arc::new(Nobody),
            uploads: Some(UploadRoom {
                store: self.bucket.clone() as Arc<dyn UploadOffers>,
                max_bytes: uploads::MAX_BYTES,
            }),
            on_stop: OnStop::StopSession,
            replay_window: WINDOW,
        }
    }

    pub fn closer(&self, process: &Process) -> Closer {
        Closer::new(closer::Tools {
            sessions: self.troubled(&self.stores.sessions, process),
            journal: self.troubled(&self.stores.journal, process),
            visibility: self.troubled_queue(&self.given_up, process),
            watch_visibility: self.troubled_queue(&self.watch, process),
            push: Arc::new(self.network.of(process)),
            events: Arc::new(Nobody),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: closer::Settings {
                max_receive_count: GIVEN_UP_RECEIVE_COUNT,
                max_run: MAX_RUN,
                ..closer::Settings::default()
            },
        })
    }

    pub fn relay(&self, process: &Process) -> Relay {
        Relay::new(relay::Tools {
            sessions: self.troubled(&self.stores.sessions, process),
            reply_runs: self.troubled(&self.stores.reply_runs, process),
            journal: self.troubled(&self.stores.journal, process),
            visibility: self.troubled_queue(&self.replies, process),
            push: Arc::new(self.network.of(process)),
            events: Arc::new(Nobody),
            agents: Arc::new(self.agents(process)),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: relay::Settings { max_run: MAX_RUN, ..relay::Settings::default() },
        })
    }

    fn agents(&self, process: &Process) -> SimulatedAgents {
        let (dice, record) = (self.dice.clone(), self.record.clone());
        let (replies, vms, trouble) = (self.replies.clone(), self.vms.clone(), self.faults.agent);
        let world = World { dice: dice.clone(), record: record.clone(), replies, vms, trouble };
        SimulatedAgents { dice, trouble, record, process: process.clone(), detached: self.faults.detached, world }
    }

    /// Which agents may go on by themselves: all, in a world where any does.
    fn long_runs(&self) -> Option<LongRuns> {
        let (queue_url, region) = ("https://replies.fifo".to_owned(), "eu-west-1".to_owned());
        let queue = ReplyQueue { queue_url, region, endpoint_url: None };
        (self.faults.detached > 0.0).then_some(LongRuns { queue, agents: None })
    }

    pub fn worker(&self, process: &Process) -> Worker {
        Worker::new(self.tools(process))
    }

    fn tools(&self, process: &Process) -> Tools {
        Tools {
            sessions: self.troubled(&self.stores.sessions, process),
            connections: self.troubled(&self.stores.connections, process),
            reply_runs: self.troubled(&self.stores.reply_runs, process),
            journal: self.troubled(&self.stores.journal, process),
            visibility: self.troubled_queue(&self.queue, process),
            watches: self.troubled_queue(&self.watch, process),
            push: Arc::new(self.network.of(process)),
            events: Arc::new(Nobody),
            agents: Arc::new(self.agents(process)),
            uploads: Some(UploadRoom {
                store: self.troubled(&self.bucket, process) as Arc<dyn Uploads>,
                max_bytes: uploads::MAX_BYTES,
            }),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: Settings {
                silence_limit: Duration::from_secs(60),
                max_receive_count: MAX_RECEIVE_COUNT,
                long_runs: self.long_runs(),
                ..Settings::default()
            },
        }
    }
}

fn troubled_by<T: ?Sized>(weather: &Weather, inner: &Arc<T>, process: &Process, record: &Record) -> Arc<Troubled<T>> {
    let trouble = Trouble { weather: weather.clone(), process: process.clone(), record: record.clone() };
    Arc::new(Troubled { inner: inner.clone(), trouble })
}
