//! What stands behind the queues, and how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};

use super::Abandoned;
use super::config::Config;
use super::dispatch::{Consumer, Dispatcher};
use super::engine::{Engine, stopped};
use crate::closer::Closer;
use crate::metrics::RUNS_ACTIVE;
use crate::protocol::frame::Ending;
use crate::protocol::ids::RequestId;
use crate::queue::memory::MemoryQueue;
use crate::queue::watch::Watch;

/// How often is looked whether a run has ended that goes on without its worker.
const LOOK: Duration = Duration::from_millis(100);

/// Takes messages from every queue.
#[derive(Debug)]
pub(super) struct Consumers {
    prompts: Dispatcher,
    given_up: Dispatcher,
    replies: Dispatcher,
    watch: Dispatcher,
    watched: Arc<MemoryQueue>,
    closer: Closer,
}

impl Consumers {
    pub(super) fn start(engine: &Engine, config: &Config, address: SocketAddr) -> Self {
        let start = |queue: &Arc<MemoryQueue>, consumer| {
            Dispatcher::start(queue.clone(), consumer, config.max_runs, config.worker.deadline_margin)
        };
        let worker = Consumer::Worker(engine.worker(config, address), RUNS_ACTIVE.gauge(&[]));
        let closer = engine.closer(config);
        Self {
            prompts: start(&engine.queue, worker),
            given_up: start(&engine.given_up, Consumer::Closer(closer.clone())),
            replies: start(&engine.replies, Consumer::Relay(engine.relay(config))),
            watch: start(&engine.watch, Consumer::Watch(closer.clone())),
            watched: engine.watch.clone(),
            closer,
        }
    }

    /// Takes no more prompts, lets what runs end for `grace`, and ends the rest: also runs whose agents go on by themselves,
    /// for with this process they are forgotten. Until then these can send.
    pub(super) async fn shut_down(&mut self, grace: Duration) -> Abandoned {
        let until = Instant::now() + grace;
        let (prompts, given_up) = tokio::join!(self.prompts.shut_down(grace), self.given_up.shut_down(grace));
        let _ = timeout_at(until, self.detached_runs_end()).await;
        tokio::join!(self.replies.shut_down(Duration::ZERO), self.watch.shut_down(Duration::ZERO));
        let detached = self.end_detached().await;
        Abandoned {
            running: [prompts.running, given_up.running, detached].concat(),
            waiting: prompts.waiting + given_up.waiting,
        }
    }

    /// Waits until no run goes on without its worker.
    async fn detached_runs_end(&self) {
        while join_all(self.watched().iter().map(|Watch { run }| self.closer.goes_on(run))).await.contains(&true) {
            sleep(LOOK).await;
        }
    }

    async fn end_detached(&self) -> Vec<RequestId> {
        let (watched, ending) = (self.watched(), Ending::Failed(stopped()));
        let ended = watched.iter().map(|Watch { run }| async {
            let is_ended = self.closer.end(run, &ending).await;
            is_ended.then(|| run.request.clone())
        });
        join_all(ended).await.into_iter().flatten().collect()
    }

    /// The runs that were left to their agents, of which some may be over.
    fn watched(&self) -> Vec<Watch> {
        self.watched.bodies().iter().filter_map(|body| Watch::decode(body).ok()).collect()
    }
}
