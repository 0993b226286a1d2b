//! The queue, under paused time.

use std::time::Duration;

use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::queue::{QueueError, Visibility};
use tokio::time::{Instant, timeout};

/// Whether the queue gives nothing out for now.
async fn is_quiet(queue: &MemoryQueue) -> bool {
    timeout(Duration::from_millis(1), queue.receive()).await.is_err()
}

async fn receive(queue: &MemoryQueue) -> (String, Delivery) {
    let delivery = queue.receive().await;
    (delivery.body.to_string(), delivery)
}

/// Visibility 30 s, three receives, five waiting per group.
pub async fn suite(new: impl Fn() -> MemoryQueue) {
    one_of_a_group_at_a_time_in_order(&new()).await;
    what_is_not_deleted_comes_again(&new()).await;
    visibility_can_be_changed(&new()).await;
    what_came_too_often_is_dead(&new()).await;
    repeats_within_five_minutes_are_dropped(&new()).await;
    a_full_group_takes_no_more(&new()).await;
    a_waiting_receiver_is_woken(&new()).await;
}

async fn one_of_a_group_at_a_time_in_order(queue: &MemoryQueue) {
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        queue.put(group, body, body).unwrap();
    }
    let (first, a1) = receive(queue).await;
    let (second, _) = receive(queue).await;
    assert_eq!((first.as_str(), second.as_str()), ("a1", "b1"));
    assert!(is_quiet(queue).await, "a group waits for its first message");
    queue.delete(&a1.receipt);
    let (third, a2) = receive(queue).await;
    queue.delete(&a2.receipt);
    assert_eq!((third.as_str(), receive(queue).await.0.as_str()), ("a2", "a3"));
    assert_eq!(queue.len(), 2);
}

async fn what_is_not_deleted_comes_again(queue: &MemoryQueue) {
    queue.put("a", "1", "1").unwrap();
    let (_, first) = receive(queue).await;
    let began = Instant::now();
    let (_, again) = receive(queue).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    assert_eq!((again.message_id.as_str(), again.receive_count), (first.message_id.as_str(), 2));
    assert_ne!(again.receipt, first.receipt);
    queue.delete(&first.receipt);
    assert_eq!(queue.len(), 1, "an old receipt deletes nothing");
    assert!(queue.extend(&first.receipt, Duration::from_secs(1)).await.is_err());
    queue.delete(&again.receipt);
    assert!(queue.is_empty());
}

async fn visibility_can_be_changed(queue: &MemoryQueue) {
    queue.put("a", "1", "1").unwrap();
    let (_, delivery) = receive(queue).await;
    let began = Instant::now();
    queue.extend(&delivery.receipt, Duration::from_secs(100)).await.unwrap();
    let (_, delivery) = receive(queue).await;
    assert_eq!(began.elapsed().as_secs(), 100);
    queue.extend(&delivery.receipt, Duration::ZERO).await.unwrap();
    let (_, delivery) = receive(queue).await;
    assert_eq!(began.elapsed().as_secs(), 100, "hidden for no time means at once");
    assert_eq!(delivery.receive_count, 3);
    for receipt in ["", "a", "a/1", "a/x/y", "other/1/1"] {
        assert!(queue.extend(receipt, Duration::ZERO).await.is_err());
        queue.delete(receipt);
    }
    assert_eq!(queue.len(), 1);
}

async fn what_came_too_often_is_dead(queue: &MemoryQueue) {
    queue.put("a", "1", "poison").unwrap();
    queue.put("a", "2", "next").unwrap();
    for _ in 0..3 {
        assert_eq!(receive(queue).await.0, "poison");
    }
    assert_eq!(receive(queue).await.0, "next");
    let dead = queue.dead_letters();
    assert_eq!(dead.iter().map(|dead| (&*dead.body, dead.receive_count)).collect::<Vec<_>>(), [("poison", 3)]);
}

async fn repeats_within_five_minutes_are_dropped(queue: &MemoryQueue) {
    for _ in 0..2 {
        queue.put("a", "same", "1").unwrap();
    }
    let (_, delivery) = receive(queue).await;
    queue.delete(&delivery.receipt);
    tokio::time::advance(Duration::from_secs(299)).await;
    queue.put("a", "same", "2").unwrap();
    assert!(is_quiet(queue).await, "also after the first was deleted");
    tokio::time::advance(Duration::from_secs(2)).await;
    queue.put("a", "same", "3").unwrap();
    assert_eq!(receive(queue).await.0, "3");
}

async fn a_full_group_takes_no_more(queue: &MemoryQueue) {
    for number in 0..5 {
        queue.put("a", &number.to_string(), "x").unwrap();
    }
    assert_eq!(queue.put("a", "one-more", "x"), Err(QueueError::Full));
    queue.put("b", "other", "x").unwrap();
    let (_, delivery) = receive(queue).await;
    queue.delete(&delivery.receipt);
    queue.put("a", "one-more", "x").unwrap();
    queue.close();
    assert!(matches!(queue.put("c", "closed", "x"), Err(QueueError::Unavailable(_))));
}

async fn a_waiting_receiver_is_woken(queue: &MemoryQueue) {
    let receivers = async { (queue.receive().await.body, queue.receive().await.body) };
    let sender = async {
        tokio::task::yield_now().await;
        queue.put("a", "1", "1").unwrap();
        queue.put("b", "2", "2").unwrap();
    };
    let ((first, second), ()) = tokio::join!(receivers, sender);
    assert_eq!((&*first, &*second), ("1", "2"));
}
