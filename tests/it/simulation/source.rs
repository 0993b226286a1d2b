//! A queue, as what takes messages from it and gives them to a function: some twice, and some to nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::queue::Visibility;
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

use super::dice::Dice;
use super::world::Faults;

/// The queue, and the messages that it gives out once more.
#[derive(Clone)]
pub struct Source {
    pub queue: Arc<MemoryQueue>,
    hopeless: f64,
    /// The messages that never reach anybody.
    lost: Arc<std::sync::Mutex<BTreeSet<String>>>,
    /// How often the visibility of each message lapsed.
    lapses: Arc<std::sync::Mutex<BTreeMap<String, usize>>>,
    again: mpsc::UnboundedSender<Delivery>,
    twice: Arc<Mutex<mpsc::UnboundedReceiver<Delivery>>>,
}

impl Source {
    /// Of the messages that reach nobody, so many as `hopeless` says never will.
    pub fn new(queue: Arc<MemoryQueue>, hopeless: f64) -> Self {
        let (again, twice) = mpsc::unbounded_channel();
        Self {
            queue,
            hopeless,
            lost: Arc::default(),
            lapses: Arc::default(),
            again,
            twice: Arc::new(Mutex::new(twice)),
        }
    }

    /// The next message; `None` if it got lost on its way, and has to become visible again.
    pub async fn receive(&self, dice: &Dice, faults: Faults) -> Option<Delivery> {
        let delivery = self.next().await;
        if dice.chance(faults.twice) {
            self.give_again(delivery.clone(), dice.time(Duration::from_secs(90)));
        }
        if dice.chance(faults.lapse) {
            self.reveal(&delivery, dice.time(Duration::from_secs(60)));
        }
        (!self.loses(&delivery, dice, faults)).then_some(delivery)
    }

    /// How often the visibility of `message` has lapsed so far.
    pub fn lapses(&self, message: &str) -> usize {
        self.lapses.lock().unwrap().get(message).copied().unwrap_or_default()
    }

    fn loses(&self, delivery: &Delivery, dice: &Dice, faults: Faults) -> bool {
        let mut lost = self.lost.lock().unwrap();
        let is_lost = lost.contains(&delivery.message_id) || dice.chance(faults.unreached);
        if is_lost && dice.chance(self.hopeless) {
            lost.insert(delivery.message_id.clone());
        }
        is_lost
    }

    async fn next(&self) -> Delivery {
        let mut twice = self.twice.lock().await;
        tokio::select! {
            biased;
            Some(delivery) = twice.recv() => delivery,
            delivery = self.queue.receive() => delivery,
        }
    }

    /// Lets the message's visibility lapse, as if nobody could extend it: it comes again under another receipt.
    fn reveal(&self, delivery: &Delivery, after: Duration) {
        let (queue, lapses) = (self.queue.clone(), self.lapses.clone());
        let (message, receipt) = (delivery.message_id.clone(), delivery.receipt.clone());
        tokio::spawn(async move {
            sleep(after).await;
            *lapses.lock().unwrap().entry(message).or_default() += 1;
            let _ = queue.extend(&receipt, Duration::ZERO).await;
        });
    }

    fn give_again(&self, delivery: Delivery, after: Duration) {
        let again = self.again.clone();
        tokio::spawn(async move {
            sleep(after).await;
            let _ = again.send(delivery);
        });
    }
}
