//! Queues: [`suite`] for each of them, and under paused time what only time shows of the one in memory.

use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId};
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::queue::memory::{Delivery, MemoryQueue};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::{Prompts, QueueError, Visibility};
use agentcore_gateway::session::{RunKey, SessionKey};
use agentcore_gateway::trace::TraceContext;
use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

/// Whether the queue gives nothing out for now.
async fn is_quiet(queue: &MemoryQueue) -> bool {
    timeout(Duration::from_millis(1), queue.receive()).await.is_err()
}

async fn receive(queue: &MemoryQueue) -> (String, Delivery) {
    let delivery = queue.receive().await;
    (delivery.body.to_string(), delivery)
}

/// A message that was given out.
pub struct Received {
    pub body: String,
    pub receipt: String,
    pub receive_count: u32,
}

/// The other end of a queue: on AWS that of the event source mapping.
#[async_trait]
pub trait Receiver: Sync {
    /// A message, if there is one now.
    async fn receive(&self) -> Option<Received>;
    async fn delete(&self, receipt: &str);
}

#[async_trait]
impl Receiver for MemoryQueue {
    async fn receive(&self) -> Option<Received> {
        let Delivery { body, receipt, receive_count, .. } =
            timeout(Duration::from_millis(1), self.receive()).await.ok()?;
        Some(Received { body: body.to_string(), receipt, receive_count })
    }

    async fn delete(&self, receipt: &str) {
        self.delete(receipt);
    }
}

fn prompt(session: &str, request: &str, text: &str) -> QueuedPrompt {
    let session = SessionKey { principal: Principal::anonymous(), session: SessionId::parse(session).unwrap() };
    QueuedPrompt {
        run: RunKey { session, request: RequestId::parse(request).unwrap() },
        connection: ConnectionId::parse("L0SM9cOFvHcCIhw=").unwrap(),
        agent: AgentName::default_agent(),
        received_at: Timestamp(1_790_000_000_000),
        trace: TraceContext::default(),
        body: PromptContent::Given(PromptBody::text(text)),
    }
}

fn request_of(received: &Received) -> String {
    QueuedPrompt::decode(&received.body).unwrap().run.request.to_string()
}

/// All of it; the queue must be empty.
pub async fn suite(queue: &(impl Prompts + Visibility), receiver: &dyn Receiver) {
    a_session_keeps_its_order(queue, receiver).await;
    a_message_comes_again_unless_it_is_hidden(queue, receiver).await;
    what_comes_out_is_what_went_in(queue, receiver).await;
}

async fn a_session_keeps_its_order(queue: &impl Prompts, receiver: &dyn Receiver) {
    for (session, request) in [("a", "a1"), ("a", "a2"), ("a", "a1"), ("b", "b1")] {
        queue.send(&prompt(session, request, "hello")).await.unwrap();
    }
    let first = [receiver.receive().await.unwrap(), receiver.receive().await.unwrap()];
    let mut requests: Vec<String> = first.iter().map(request_of).collect();
    requests.sort();
    assert_eq!(requests, ["a1", "b1"], "sessions do not wait for each other");
    assert!(receiver.receive().await.is_none(), "a session waits for its first message");
    for received in first {
        receiver.delete(&received.receipt).await;
    }
    let second = receiver.receive().await.unwrap();
    assert_eq!(request_of(&second), "a2", "the same request again was dropped");
    receiver.delete(&second.receipt).await;
    assert!(receiver.receive().await.is_none());
}

async fn a_message_comes_again_unless_it_is_hidden(queue: &(impl Prompts + Visibility), receiver: &dyn Receiver) {
    queue.send(&prompt("again", "r", "hello")).await.unwrap();
    let first = receiver.receive().await.unwrap();
    queue.extend(&first.receipt, Duration::from_secs(100)).await.unwrap();
    assert!(receiver.receive().await.is_none());
    queue.extend(&first.receipt, Duration::ZERO).await.unwrap();
    let again = receiver.receive().await.unwrap();
    assert_eq!((request_of(&again).as_str(), first.receive_count, again.receive_count), ("r", 1, 2));
    assert!(queue.extend("no receipt", Duration::from_secs(1)).await.is_err());
    queue.send(&prompt("again", "next", "hello")).await.unwrap();
    queue.delete(&again.receipt).await.unwrap();
    let next = receiver.receive().await.unwrap();
    assert_eq!(request_of(&next), "next", "its group waits for it no longer");
    receiver.delete(&next.receipt).await;
    assert!(receiver.receive().await.is_none());
}

async fn what_comes_out_is_what_went_in(queue: &impl Prompts, receiver: &dyn Receiver) {
    let text = "line\nline\r\t \u{0} \u{7f} \u{2028} \u{fffe}\u{ffff} \u{10ffff} 😀 \"quoted\"";
    let sent = prompt("text", "r", text);
    queue.send(&sent).await.unwrap();
    let received = receiver.receive().await.unwrap();
    let body = QueuedPrompt::decode(&received.body).unwrap().body;
    let PromptContent::Given(PromptBody::Prompt { prompt, .. }) = body else { panic!() };
    assert_eq!(serde_json::from_str::<String>(&prompt).unwrap(), text);
    receiver.delete(&received.receipt).await;
}

/// Visibility 30 s, three receives, five waiting per group.
pub async fn in_memory(new: impl Fn() -> MemoryQueue) {
    one_of_a_group_at_a_time_in_order(&new()).await;
    what_is_not_deleted_comes_again(&new()).await;
    visibility_can_be_changed(&new()).await;
    what_came_too_often_is_dead(&new()).await;
    repeats_within_five_minutes_are_dropped(&new()).await;
    a_full_group_takes_no_more(&new()).await;
    a_waiting_receiver_is_woken(&new()).await;
    who_has_waited_for_long_gets_what_comes_again(&new()).await;
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
    assert_eq!((queue.len(), queue.is_empty()), (1, false), "an old receipt deletes nothing");
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

/// What an SQS redrive policy does; both queues with three receives.
pub async fn redrive(queue: &MemoryQueue, behind: &MemoryQueue) {
    for number in ["1", "2"] {
        queue.put("a", number, number).unwrap();
    }
    queue.put("b", "b", "b").unwrap();
    behind.close();
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(receive(queue).await.1.message_id);
    }
    assert!(behind.is_empty(), "none came too often yet");
    assert_eq!(receive(queue).await.0, "2", "the next one of the group");
    let (body, first) = receive(behind).await;
    assert_eq!((body.as_str(), first.receive_count), ("1", 1), "it counts anew, and comes also where nobody may send");
    assert_eq!(first.message_id, ids[0]);
    assert_eq!(receive(behind).await.0, "b");
    for _ in 0..2 {
        assert_eq!(receive(queue).await.0, "2");
    }
    assert!(timeout(Duration::from_secs(31), queue.receive()).await.is_err());
    assert!(queue.is_empty() && queue.dead_letters().is_empty());
    let order = [receive(behind).await, receive(behind).await];
    assert_eq!(order.map(|(body, _)| body), ["1", "b"], "a group keeps its order");
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

async fn who_has_waited_for_long_gets_what_comes_again(queue: &MemoryQueue) {
    let began = Instant::now();
    let receive = || async { (queue.receive().await.receive_count, began.elapsed().as_secs()) };
    let sender = async {
        tokio::task::yield_now().await;
        queue.put("a", "1", "1").unwrap();
    };
    let receivers = timeout(Duration::from_secs(100), join_all((0..3).map(|_| receive())));
    let (received, ()) = tokio::join!(receivers, sender);
    let mut received = received.expect("nobody waits for ever");
    received.sort_unstable();
    assert_eq!(received, [(1, 0), (2, 30), (3, 60)]);
}
