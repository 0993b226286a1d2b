//! What stands behind the queues, and how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

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

    /// Takes no more messages, lets what runs end for `grace`, and ends the rest: also runs whose agents go on by themselves,
    /// for with this process they are forgotten.
    pub(super) async fn shut_down(&mut self, grace: Duration) -> Abandoned {
        let (prompts, given_up, _, _) = tokio::join!(
            self.prompts.shut_down(grace),
            self.given_up.shut_down(grace),
            self.replies.shut_down(grace),
            self.watch.shut_down(grace),
        );
        let detached = self.end_detached().await;
        Abandoned {
            running: [prompts.running, given_up.running, detached].concat(),
            waiting: prompts.waiting + given_up.waiting,
        }
    }

    async fn end_detached(&self) -> Vec<RequestId> {
        let watched: Vec<Watch> = self.watched.bodies().iter().filter_map(|body| Watch::decode(body).ok()).collect();
        let ending = Ending::Failed(stopped());
        let ended = watched.iter().map(|Watch { run }| async {
            let is_ended = self.closer.end(run, &ending).await;
            is_ended.then(|| run.request.clone())
        });
        join_all(ended).await.into_iter().flatten().collect()
    }
}
