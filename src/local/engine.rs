//! The handlers over what stands behind their traits on one machine: everything in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::config::Config;
use super::hub::Hub;
use super::replies::{self, Replies};
use super::telling::Telling;
use super::uploads::{MemoryUploads, UploadDoor};
use crate::agent::client::AgentClient;
use crate::agent::endpoint::Endpoint;
use crate::clock::{Clock, SystemClock};
use crate::closer::{self, Closer};
use crate::connections::ConnectionsHandler;
use crate::identity::Identity;
use crate::journal::memory::{MAX_BYTES, MemoryJournal};
use crate::message::MessageHandler;
use crate::metrics::MeasuredPush;
use crate::protocol::frame::{Failure, FailureCode};
use crate::protocol::ids::AgentName;
use crate::queue::memory::{MemoryQueue, QueueLimits};
use crate::random::Random;
use crate::relay::{self, Relay};
use crate::session::memory::MemoryTable;
use crate::uploads::{UploadRoom, Uploads};
use crate::worker::settings::{LongRuns, Settings};
use crate::worker::{self, Worker};

/// What the client of a run is told that is not done when the gateway stops: here nothing else sets a worker a deadline.
const STOPPED: &str = "The gateway was stopped; the reply is not complete.";

/// Why a run fails that is not done when the gateway stops.
pub(super) fn stopped() -> Failure {
    Failure::retryable(FailureCode::Interrupted, STOPPED)
}

/// What the handlers share.
pub(super) struct Engine {
    table: Arc<MemoryTable>,
    journal: Arc<MemoryJournal>,
    pub(super) queue: Arc<MemoryQueue>,
    /// Prompts that no worker could take.
    pub(super) given_up: Arc<MemoryQueue>,
    /// What agents say that go on by themselves.
    pub(super) replies: Arc<MemoryQueue>,
    /// Their runs, to be looked after.
    pub(super) watch: Arc<MemoryQueue>,
    pub(super) hub: Arc<Hub>,
    push: Arc<MeasuredPush<Hub>>,
    pub(super) telling: Telling,
    agents: Arc<AgentClient>,
    /// Where prompts are uploaded, if they may be.
    uploads: Option<Arc<MemoryUploads>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<Random>,
}

impl Engine {
    /// An engine with these agents.
    pub(super) fn new(config: &Config, agents: BTreeMap<AgentName, Endpoint>) -> Result<Self, reqwest::Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random = Arc::new(Random::from_os());
        let given_up = Arc::new(MemoryQueue::new(QueueLimits::default()));
        // A run is looked at for as long as it goes on.
        let watch = QueueLimits { max_receive_count: u32::MAX, ..QueueLimits::default() };
        let queue = Arc::new(MemoryQueue::before(given_up.clone(), config.queue));
        let uploads = (config.max_upload_bytes > 0)
            .then(|| Arc::new(MemoryUploads::new(queue.clone(), clock.clone(), random.clone())));
        let hub = Arc::new(Hub::new(config.push_delay));
        Ok(Self {
            table: Arc::default(),
            journal: Arc::new(MemoryJournal::new(config.replay_window, MAX_BYTES)),
            queue,
            given_up,
            replies: Arc::new(MemoryQueue::new(replies::LIMITS)),
            watch: Arc::new(MemoryQueue::new(watch)),
            push: Arc::new(MeasuredPush::counted(hub.clone())),
            hub,
            telling: Telling::to(config.on_run_ended.clone(), &random)?,
            agents: Arc::new(AgentClient::new(agents, config.credentials.clone(), clock.clone())?),
            uploads,
            clock,
            random,
        })
    }

    pub(super) fn worker(&self, config: &Config, address: SocketAddr) -> Worker {
        let long_runs = config.long_runs.then(|| LongRuns { queue: replies::reply_queue(address), agents: None });
        Worker::new(worker::Tools {
            sessions: self.table.clone(),
            connections: self.table.clone(),
            reply_runs: self.table.clone(),
            journal: self.journal.clone(),
            visibility: self.queue.clone(),
            watches: self.watch.clone(),
            push: self.push.clone(),
            events: self.telling.events(),
            agents: self.agents.clone(),
            uploads: self
                .uploads
                .clone()
                .map(|store| UploadRoom { store: store as Arc<dyn Uploads>, max_bytes: config.max_upload_bytes }),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: Settings {
                max_receive_count: config.queue.max_receive_count,
                at_deadline: stopped(),
                long_runs,
                ..config.worker.clone()
            },
        })
    }

    pub(super) fn relay(&self, config: &Config) -> Relay {
        Relay::new(relay::Tools {
            sessions: self.table.clone(),
            reply_runs: self.table.clone(),
            journal: self.journal.clone(),
            visibility: self.replies.clone(),
            push: self.push.clone(),
            events: self.telling.events(),
            agents: self.agents.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: relay::Settings {
                max_run: config.max_detached_run,
                max_reply_bytes: config.worker.max_reply_bytes,
                on_stop: config.worker.on_stop,
                on_abandoned: config.worker.on_abandoned,
                ..relay::Settings::default()
            },
        })
    }

    pub(super) fn closer(&self, config: &Config) -> Closer {
        Closer::new(closer::Tools {
            sessions: self.table.clone(),
            journal: self.journal.clone(),
            visibility: self.given_up.clone(),
            watch_visibility: self.watch.clone(),
            push: self.push.clone(),
            events: self.telling.events(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings: closer::Settings {
                longest_run: config.worker.longest_run,
                max_run: config.max_detached_run,
                on_stop: config.worker.on_stop,
                ..closer::Settings::default()
            },
        })
    }

    pub(super) fn connections(&self, config: &Config, identity: Identity) -> ConnectionsHandler {
        ConnectionsHandler {
            sessions: self.table.clone(),
            connections: self.table.clone(),
            journal: self.journal.clone(),
            push: self.push.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            identity,
            origins: config.origins.clone(),
            events: self.telling.events(),
            // Each client is offered the address at which it reaches the gateway, so this is added with its connection.
            uploads: None,
            on_stop: config.worker.on_stop,
            replay_window: config.replay_window,
        }
    }

    pub(super) fn messages(&self, agents: BTreeSet<AgentName>, identity: Identity) -> MessageHandler {
        MessageHandler::new(self.queue.clone(), agents, identity, self.clock.clone(), self.random.clone())
    }

    /// The door for uploads, if there are any.
    pub(super) fn upload_door(&self, config: &Config) -> Option<UploadDoor> {
        self.uploads.clone().map(|store| UploadDoor { store, origins: config.origins.clone() })
    }

    /// The door to the queue of replies, if agents may go on by themselves.
    pub(super) fn door(&self, config: &Config, address: SocketAddr) -> Option<Replies> {
        config.long_runs.then(|| {
            Replies::new(replies::Tools {
                runs: self.table.clone(),
                sessions: self.table.clone(),
                queue: self.replies.clone(),
                clock: self.clock.clone(),
                origins: config.origins.clone(),
                queue_url: replies::reply_queue(address).queue_url,
            })
        })
    }
}
