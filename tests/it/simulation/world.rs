//! A world of clients, workers and agents, and what goes wrong in it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use agentcore_gateway::connections::ConnectionsHandler;
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::journal::Journal;
use agentcore_gateway::journal::memory::{MAX_BYTES, MemoryJournal};
use agentcore_gateway::message::MessageHandler;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::random::Random;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Connections, Sessions};
use agentcore_gateway::trace::TraceContext;
use agentcore_gateway::worker::Tools;
use agentcore_gateway::worker::settings::Settings;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::agents::SimulatedAgents;
use super::client::Client;
use super::dice::Dice;
use super::network::Network;
use super::stores::{NotedQueue, Trouble, Troubled};
use super::verifier::Record;
use super::workers::keep_alive;
use crate::support::clock::TestClock;
use crate::support::engine::{answer_of, event_as};
use crate::support::socket::is_ending;

/// Longer than any simulation, so that every reply can be replayed at its end.
const WINDOW: Duration = Duration::from_secs(48 * 60 * 60);

/// How much happens.
#[derive(Clone, Copy)]
pub struct Scale {
    pub clients: usize,
    pub prompts_per_client: usize,
    pub sessions: usize,
    pub workers: usize,
}

/// How often what goes wrong.
#[derive(Clone, Copy)]
pub struct Faults {
    /// A call of a store fails before or after it did its work.
    pub store: f64,
    /// A push is throttled, fails, hangs, or delivers and fails.
    pub push: f64,
    /// A call of an agent goes wrong in one of its ways.
    pub agent: f64,
    /// A message is given out twice.
    pub twice: f64,
    /// A client loses its connection within a second.
    pub drop: f64,
    /// A client stops a request within a second.
    pub stop: f64,
    /// How long a worker lives at most, besides five seconds.
    pub worker_life: Duration,
}

impl Faults {
    pub fn none() -> Self {
        let worker_life = Duration::from_secs(1_000_000);
        Self { store: 0.0, push: 0.0, agent: 0.0, twice: 0.0, drop: 0.0, stop: 0.0, worker_life }
    }

    pub fn storm() -> Self {
        let worker_life = Duration::from_secs(60);
        Self { store: 0.02, push: 0.02, agent: 0.05, twice: 0.05, drop: 0.01, stop: 0.002, worker_life }
    }
}

/// Where the gateway keeps what it knows.
pub struct Stores {
    pub sessions: Arc<dyn Sessions>,
    pub connections: Arc<dyn Connections>,
    pub journal: Arc<dyn Journal>,
}

impl Stores {
    pub fn in_memory() -> Self {
        let table = Arc::new(MemoryTable::default());
        let journal = Arc::new(MemoryJournal::new(WINDOW, MAX_BYTES));
        Self { sessions: table.clone(), connections: table, journal }
    }
}

/// The gateway as its clients see it.
pub struct World {
    messages: MessageHandler,
    connections: ConnectionsHandler,
}

impl World {
    pub async fn connect(&self, connection: &str, principal: &str, session: Option<&str>) -> bool {
        let mut event = event_as(principal, "$connect", connection, String::new());
        if let Some(session) = session {
            let query = [("sessionId".to_owned(), vec![session.to_owned()])];
            event.query_string_parameters = std::collections::HashMap::from(query).into();
        }
        self.connections.handle(event).await.status_code == 200
    }

    pub async fn disconnect(&self, connection: &str, principal: &str) {
        self.connections.handle(event_as(principal, "$disconnect", connection, String::new())).await;
    }

    pub async fn say(&self, connection: &str, principal: &str, message: &Value) -> Option<Value> {
        let body = message.to_string();
        answer_of(match message["action"].as_str() {
            Some(route) => self.connections.handle(event_as(principal, route, connection, body)).await,
            None => {
                let event = event_as(principal, "$default", connection, body);
                self.messages.handle(event, TraceContext::default()).await
            }
        })
    }
}

/// Runs a world to its end; the number of requests and what tells this run from another, or what broke.
pub async fn run(seed: u64, scale: Scale, faults: Faults, stores: Stores) -> Result<(usize, usize), String> {
    let dice = Dice::new(seed);
    let record = Record::default();
    let clock = Arc::new(TestClock::start());
    let random = Arc::new(Random::seeded(seed));
    let limits = QueueLimits { max_waiting: usize::MAX, ..QueueLimits::default() };
    let queue = Arc::new(MemoryQueue::new(limits));
    let network = Network::new(dice.clone(), faults.push);
    let trouble = |cut| Trouble { dice: dice.clone(), failure: faults.store, delay: faults.store * 2.0, cut };
    let never = Arc::new(AtomicBool::new(false));
    let calm = |cut: &Arc<AtomicBool>| trouble(cut.clone());
    let world = World {
        messages: MessageHandler::new(
            Arc::new(NotedQueue {
                inner: Troubled { inner: queue.clone(), trouble: calm(&never) },
                record: record.clone(),
            }),
            BTreeSet::from([AgentName::default_agent()]),
            clock.clone(),
            random.clone(),
        ),
        connections: ConnectionsHandler {
            sessions: Arc::new(Troubled { inner: stores.sessions.clone(), trouble: calm(&never) }),
            connections: Arc::new(Troubled { inner: stores.connections.clone(), trouble: calm(&never) }),
            journal: Arc::new(Troubled { inner: stores.journal.clone(), trouble: calm(&never) }),
            push: Arc::new(network.clone()),
            clock: clock.clone(),
            random: random.clone(),
            origins: AllowedOrigins::Any,
            replay_window: WINDOW,
        },
    };
    let agents = Arc::new(SimulatedAgents { dice: dice.clone(), trouble: faults.agent, record: record.clone() });
    let tools = {
        let (dice, network, queue) = (dice.clone(), network.clone(), queue.clone());
        move |cut: Arc<AtomicBool>| {
            let trouble = Trouble { dice: dice.clone(), failure: faults.store, delay: faults.store * 2.0, cut };
            Tools {
                sessions: Arc::new(Troubled { inner: stores.sessions.clone(), trouble: trouble.clone() }),
                connections: Arc::new(Troubled { inner: stores.connections.clone(), trouble: trouble.clone() }),
                journal: Arc::new(Troubled { inner: stores.journal.clone(), trouble: trouble.clone() }),
                visibility: Arc::new(Troubled { inner: queue.clone(), trouble }),
                push: Arc::new(network.clone()),
                agents: agents.clone(),
                clock: clock.clone(),
                random: random.clone(),
                settings: Settings { silence_limit: Duration::from_secs(60), ..Settings::default() },
            }
        }
    };
    let (again, twice) = unbounded_channel();
    let twice = (again, Arc::new(tokio::sync::Mutex::new(twice)));
    let mut workers = JoinSet::new();
    for _ in 0..scale.workers {
        workers.spawn(keep_alive(dice.clone(), faults, queue.clone(), tools.clone(), twice.clone()));
    }
    let clients = (0..scale.clients).map(|number| {
        // Two principals use the same session ids, and several clients of one principal share a session.
        let (principal, session) = (number % 2, (number / 2) % (scale.sessions / 2));
        let client = Client {
            world: &world,
            name: format!("client{number}"),
            principal: format!("principal{principal}"),
            session: format!("session{session}"),
            prompts: scale.prompts_per_client,
            faults,
            dice: dice.clone(),
            network: network.clone(),
            record: record.clone(),
        };
        client.live()
    });
    let clients = timeout(Duration::from_secs(100_000), join_all(clients)).await;
    clients.map_err(|_| "  the clients never came to an end\n".to_owned())?;
    // Whatever is still under way for nobody comes to rest; then a fresh connection must get every reply.
    sleep(Duration::from_secs(300)).await;
    replay_all(&world, &network, &record).await;
    drop(workers);
    // What the dice show next depends on every throw before.
    record.verdict().map(|requests| (requests, dice.below(usize::MAX)))
}

/// I5: a fresh connection that asks for a reply gets it whole, from its first frame to its ending.
async fn replay_all(world: &World, network: &Network, record: &Record) {
    network.calm();
    for (number, who) in record.requests().into_iter().enumerate() {
        let connection = format!("replay-{number}=");
        let [principal, session, request] = <[&str; 3]>::try_from(who.split('/').collect::<Vec<_>>()).expect("a name");
        let resume = json!({"action": "resume", "sessionId": session, "requestId": request});
        let mut inbox = network.open(&connection);
        // The table still fails now and then; what is refused, or breaks off, is asked for again.
        let mut frames: Vec<Value> = Vec::new();
        for _ in 0..10 {
            frames.clear();
            world.say(&connection, principal, &resume).await;
            sleep(Duration::from_secs(5)).await;
            while let Ok(message) = inbox.try_recv() {
                if message.get("seq").is_some() && message["requestId"] == request {
                    frames.push(message);
                }
            }
            if frames.last().is_some_and(is_ending) {
                break;
            }
        }
        record.reply(&who, "a fresh connection", frames);
        world.disconnect(&connection, principal).await;
    }
}
