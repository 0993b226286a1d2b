//! The queue in memory against a model of one: what a FIFO queue gives out in batches, whatever is done to it.

use std::collections::BTreeMap;
use std::time::Duration;

use agentcore_gateway::queue::Visibility;
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue, QueueLimits};
use proptest::prelude::*;
use tokio::time::{advance, timeout};

#[derive(Debug, Clone)]
enum Step {
    Put { group: u8 },
    Receive { max: usize },
    Delete { which: usize },
    Extend { which: usize, seconds: u64 },
    Wait { seconds: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3u8).prop_map(|group| Step::Put { group }),
        4 => (1..5usize).prop_map(|max| Step::Receive { max }),
        4 => any::<usize>().prop_map(|which| Step::Delete { which }),
        2 => (any::<usize>(), 0..40u64).prop_map(|(which, seconds)| Step::Extend { which, seconds }),
        1 => (0..40u64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 0..60)
}

/// What must be in the queue, by group and in order, and what has been given out.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<String, Vec<String>>,
    given_out: Vec<Delivery>,
    count: usize,
}

impl Model {
    fn put(&mut self, queue: &MemoryQueue, group: u8) {
        self.count += 1;
        let (group, body) = (group.to_string(), self.count.to_string());
        queue.put(&group, &body, &body).unwrap();
        self.waiting.entry(group).or_default().push(body);
    }

    async fn receive(&mut self, queue: &MemoryQueue, max: usize) {
        let Ok(batch) = timeout(Duration::from_millis(1), queue.receive_batch(max)).await else { return };
        let group = batch[0].group.clone();
        let waiting = &self.waiting[&group];
        let bodies: Vec<String> = batch.iter().map(|delivery| delivery.body.to_string()).collect();
        assert_eq!(bodies, waiting[..max.min(waiting.len())], "the first ones of group {group}, and in order");
        for other in self.given_out.iter().filter(|other| other.group == group) {
            let later = queue.extend(&other.receipt, Duration::from_secs(1)).await;
            assert!(later.is_err(), "{group} was given out though {} still is", other.body);
        }
        self.given_out.extend(batch);
    }

    async fn delete(&mut self, queue: &MemoryQueue, which: usize) {
        let Some(delivery) = self.pick(which) else { return };
        let before = queue.len();
        queue.delete(&delivery.receipt);
        if queue.len() < before {
            let waiting = self.waiting.get_mut(&delivery.group).unwrap();
            let at = waiting.iter().position(|body| **body == *delivery.body).expect("it was not deleted yet");
            waiting.remove(at);
        }
    }

    fn pick(&self, which: usize) -> Option<Delivery> {
        self.given_out.get(which % self.given_out.len().max(1)).cloned()
    }

    /// What is left comes, all of it and in order.
    async fn drain(&mut self, queue: &MemoryQueue) {
        while self.waiting.values().any(|waiting| !waiting.is_empty()) {
            let batch = timeout(Duration::from_secs(100), queue.receive_batch(10)).await.expect("nothing is stuck");
            let waiting = self.waiting.get_mut(&batch[0].group).unwrap();
            for delivery in batch {
                assert_eq!(waiting.remove(0), *delivery.body);
                queue.delete(&delivery.receipt);
            }
        }
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
    }
}

async fn run(steps: Vec<Step>) {
    let limits = QueueLimits { visibility: Duration::from_secs(30), max_receive_count: u32::MAX, max_waiting: 100 };
    let (queue, mut model) = (MemoryQueue::new(limits), Model::default());
    for step in steps {
        match step {
            Step::Put { group } => model.put(&queue, group),
            Step::Receive { max } => model.receive(&queue, max).await,
            Step::Delete { which } => model.delete(&queue, which).await,
            Step::Extend { which, seconds } => {
                if let Some(delivery) = model.pick(which) {
                    let _ = queue.extend(&delivery.receipt, Duration::from_secs(seconds)).await;
                }
            }
            Step::Wait { seconds } => advance(Duration::from_secs(seconds)).await,
        }
    }
    model.drain(&queue).await;
}

proptest! {
    #[test]
    fn a_group_is_given_out_from_its_first_message_on_and_never_twice_at_once(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(steps));
    }
}
