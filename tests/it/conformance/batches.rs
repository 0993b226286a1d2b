//! Batches of the queue in memory, as the event source mapping of a function takes them. Visibility 30 s, three receives.

use std::time::Duration;

use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::queue::{QueueError, Visibility};
use tokio::time::{Instant, timeout};

const TEN: usize = 10;

/// All of it, each time with a new queue.
pub async fn suite(new: impl Fn() -> MemoryQueue) {
    a_batch_is_of_one_group_and_in_order(&new()).await;
    a_group_waits_for_all_of_its_batch(&new()).await;
    what_was_not_deleted_comes_again_in_order(&new()).await;
    each_message_has_its_own_visibility(&new()).await;
    a_receipt_is_of_one_message_and_one_time(&new()).await;
    what_came_too_often_is_dead_and_nothing_else(&new()).await;
    a_message_keeps_its_number(&new());
    what_is_gone_takes_no_room(&new()).await;
    of_dead_letters_the_last_are_kept(&new()).await;
}

fn bodies(batch: &[Delivery]) -> Vec<&str> {
    batch.iter().map(|delivery| &*delivery.body).collect()
}

fn put(queue: &MemoryQueue, group: &str, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        let body = format!("{group}{number}");
        queue.put(group, &body, &body).unwrap();
    }
}

async fn is_quiet(queue: &MemoryQueue) -> bool {
    timeout(Duration::from_millis(1), queue.receive_batch(TEN)).await.is_err()
}

async fn a_batch_is_of_one_group_and_in_order(queue: &MemoryQueue) {
    put(queue, "a", 0..4);
    put(queue, "b", 0..1);
    let first = queue.receive_batch(3).await;
    assert_eq!(bodies(&first), ["a0", "a1", "a2"]);
    assert!(first.iter().all(|delivery| delivery.group == "a" && delivery.receive_count == 1));
    assert_eq!(bodies(&queue.receive_batch(3).await), ["b0"], "another group does not wait");
    for delivery in &first {
        queue.delete(&delivery.receipt);
    }
    assert_eq!(bodies(&queue.receive_batch(0).await), ["a3"], "a batch holds at least one");
}

async fn a_group_waits_for_all_of_its_batch(queue: &MemoryQueue) {
    put(queue, "a", 0..4);
    let batch = queue.receive_batch(3).await;
    for at in [1, 0] {
        queue.delete(&batch[at].receipt);
        assert!(is_quiet(queue).await, "one is still out");
    }
    put(queue, "a", 4..5);
    assert!(is_quiet(queue).await, "also for what came meanwhile");
    queue.delete(&batch[2].receipt);
    assert_eq!(bodies(&queue.receive_batch(TEN).await), ["a3", "a4"]);
    assert!(is_quiet(queue).await);
}

async fn what_was_not_deleted_comes_again_in_order(queue: &MemoryQueue) {
    put(queue, "a", 0..5);
    let batch = queue.receive_batch(4).await;
    queue.delete(&batch[0].receipt);
    queue.delete(&batch[2].receipt);
    let began = Instant::now();
    let again = queue.receive_batch(TEN).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    assert_eq!(bodies(&again), ["a1", "a3", "a4"]);
    let counts: Vec<u32> = again.iter().map(|delivery| delivery.receive_count).collect();
    assert_eq!(counts, [2, 2, 1]);
    assert_eq!(again[0].message_id, batch[1].message_id);
}

async fn each_message_has_its_own_visibility(queue: &MemoryQueue) {
    put(queue, "a", 0..3);
    let batch = queue.receive_batch(TEN).await;
    let began = Instant::now();
    for (at, seconds) in [(0, 5), (1, 0), (2, 2)] {
        queue.extend(&batch[at].receipt, Duration::from_secs(seconds)).await.unwrap();
    }
    let again = queue.receive_batch(TEN).await;
    assert_eq!((bodies(&again), began.elapsed().as_secs()), (vec!["a0", "a1", "a2"], 5), "the latest counts");
    queue.delete(&again[0].receipt);
    queue.extend(&again[1].receipt, Duration::from_secs(2)).await.unwrap();
    queue.delete(&again[2].receipt);
    let again = queue.receive_batch(TEN).await;
    assert_eq!((bodies(&again), began.elapsed().as_secs()), (vec!["a1"], 7));
}

async fn a_receipt_is_of_one_message_and_one_time(queue: &MemoryQueue) {
    put(queue, "a", 0..2);
    let batch = queue.receive_batch(TEN).await;
    queue.extend(&batch[0].receipt, Duration::ZERO).await.unwrap();
    assert!(is_quiet(queue).await);
    let gone = queue.extend(&batch[0].receipt, Duration::from_secs(100)).await;
    assert!(matches!(gone, Err(QueueError::Unavailable(_))), "it was visible again, though it did not come");
    queue.delete(&batch[0].receipt);
    queue.delete(&batch[1].receipt);
    queue.delete(&batch[1].receipt);
    assert_eq!((queue.len(), bodies(&queue.receive_batch(TEN).await)), (1, vec!["a0"]));
}

async fn what_came_too_often_is_dead_and_nothing_else(queue: &MemoryQueue) {
    put(queue, "a", 0..2);
    assert_eq!(bodies(&queue.receive_batch(TEN).await), ["a0", "a1"]);
    put(queue, "a", 2..3);
    for _ in 0..2 {
        assert_eq!(bodies(&queue.receive_batch(TEN).await), ["a0", "a1", "a2"]);
    }
    let rest = queue.receive_batch(TEN).await;
    assert_eq!((bodies(&rest), rest[0].receive_count), (vec!["a2"], 3));
    assert_eq!(bodies(&queue.dead_letters()), ["a0", "a1"]);
}

fn a_message_keeps_its_number(queue: &MemoryQueue) {
    let first = queue.put("a", "same", "1").unwrap();
    assert!(queue.put("a", "other", "2").unwrap() > first);
    assert_eq!(queue.put("a", "same", "3"), Ok(first), "a repeated one is the one that came before");
    assert_eq!(queue.len(), 2);
}

async fn what_is_gone_takes_no_room(queue: &MemoryQueue) {
    put(queue, "a", 0..3);
    put(queue, "b", 0..1);
    assert_eq!(queue.bytes(), 8);
    for delivery in queue.receive_batch(TEN).await {
        queue.delete(&delivery.receipt);
    }
    assert_eq!((queue.len(), queue.bytes()), (1, 2));
    for _ in 0..3 {
        queue.receive_batch(TEN).await;
    }
    assert!(timeout(Duration::from_secs(31), queue.receive()).await.is_err());
    assert_eq!((queue.len(), queue.bytes(), queue.dead_letters().len()), (0, 0, 1));
}

async fn of_dead_letters_the_last_are_kept(queue: &MemoryQueue) {
    for number in 0..102 {
        put(queue, &format!("{number:03}-"), [0]);
    }
    for _ in 0..3 * 102 {
        queue.receive().await;
    }
    assert!(timeout(Duration::from_secs(31), queue.receive()).await.is_err());
    let dead = queue.dead_letters();
    assert_eq!((dead.len(), &*dead[0].body, &*dead[99].body), (100, "002-0", "101-0"));
}
