//! Worker processes that die, are cut off from the table, and get messages twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::worker::{Tools, Worker};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::dice::Dice;
use super::world::Faults;
use crate::support::engine::event_of;

/// So many runs at once in one process.
const RUNS: usize = 8;

/// Keeps one process alive: starts it again after each of its deaths. Ends with the task that runs it.
pub async fn keep_alive(
    dice: Dice,
    faults: Faults,
    queue: Arc<MemoryQueue>,
    tools: impl Fn(Arc<AtomicBool>) -> Tools,
    twice: (mpsc::UnboundedSender<Delivery>, Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Delivery>>>),
) {
    loop {
        let cut = Arc::new(AtomicBool::new(false));
        let worker = Worker::new(tools(cut.clone()));
        let process = process(worker, queue.clone(), dice.clone(), faults, twice.clone());
        let fate = async {
            loop {
                sleep(Duration::from_secs(5) + dice.time(faults.worker_life)).await;
                if !dice.chance(0.3) {
                    return;
                }
                cut.store(true, Ordering::Relaxed);
                sleep(dice.time(Duration::from_secs(100))).await;
                cut.store(false, Ordering::Relaxed);
            }
        };
        // When its fate is sealed the process is dropped wherever it stands, with all its runs.
        tokio::select! {
            biased;
            () = fate => {}
            () = process => {}
        }
        sleep(dice.time(Duration::from_secs(10))).await;
    }
}

async fn process(
    worker: Worker,
    queue: Arc<MemoryQueue>,
    dice: Dice,
    faults: Faults,
    (again, twice): (mpsc::UnboundedSender<Delivery>, Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Delivery>>>),
) {
    let deadline = watch::Sender::new(None);
    let mut runs = FuturesUnordered::new();
    loop {
        let next = async {
            let mut twice = twice.lock().await;
            tokio::select! {
                biased;
                Some(delivery) = twice.recv() => delivery,
                delivery = queue.receive() => delivery,
            }
        };
        let delivery = tokio::select! {
            biased;
            Some(()) = runs.next() => continue,
            delivery = next, if runs.len() < RUNS => delivery,
        };
        if dice.chance(faults.twice) {
            let (again, delivery, after) = (again.clone(), delivery.clone(), dice.time(Duration::from_secs(90)));
            tokio::spawn(async move {
                sleep(after).await;
                let _ = again.send(delivery);
            });
        }
        let (worker, queue, deadline) = (&worker, &queue, deadline.subscribe());
        runs.push(async move {
            let receipt = delivery.receipt.clone();
            if worker.handle(event_of([delivery]), deadline).await.batch_item_failures.is_empty() {
                queue.delete(&receipt);
            }
        });
    }
}
