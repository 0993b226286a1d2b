//! The in-memory adapters, put through the suite.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId};
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Connections, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Cursor, LeaseId, ReplayId, Session, SessionKey};

use super::{batches, journal, queue, sessions};

#[tokio::test]
async fn the_table_in_memory_keeps_sessions_as_the_suite_demands() {
    sessions::suite(Arc::new(MemoryTable::default())).await;
}

#[tokio::test]
async fn the_table_in_memory_keeps_connections_as_the_suite_demands() {
    sessions::connections(&MemoryTable::default()).await;
}

#[tokio::test]
async fn the_table_in_memory_keeps_the_names_of_runs_as_the_suite_demands() {
    sessions::reply_runs(&MemoryTable::default()).await;
}

#[tokio::test]
async fn the_table_in_memory_forgets_the_oldest_of_too_many_sessions_but_none_that_has_a_run() {
    let table = MemoryTable::default();
    let (connection, lease) = (ConnectionId::parse("c").unwrap(), LeaseId("lease".to_owned()));
    let key = |number: u64| SessionKey {
        principal: Principal::anonymous(),
        session: SessionId::parse(format!("s{number}")).unwrap(),
    };
    let claim = Transition::Claim {
        request: RequestId::parse("r").unwrap(),
        lease,
        until: Timestamp(u64::MAX),
        connection: connection.clone(),
        agent: AgentName::default_agent(),
        reply: None,
    };
    table.apply(&key(0), &claim, Timestamp(0)).await.unwrap().unwrap();
    let attach = Transition::Attach { connection, cursor: Cursor::Live };
    for number in 1..=100_000 {
        table.apply(&key(number), &attach, Timestamp(number)).await.unwrap().unwrap();
    }
    let is_kept = async |number| table.load(&key(number), Timestamp(100_001)).await.unwrap() != Session::default();
    assert!(is_kept(0).await, "it has a run");
    for (number, expected) in [(1, false), (24_000, false), (26_000, true), (100_000, true)] {
        assert_eq!(is_kept(number).await, expected, "{number}");
    }
}

#[tokio::test]
async fn the_table_in_memory_drops_what_has_expired_and_nothing_else() {
    let table = MemoryTable::default();
    let (now, later) = (Timestamp(0), Timestamp(3 * 60 * 60 * 1000));
    let connection = |number| ConnectionId::parse(format!("c{number}")).unwrap();
    let record = async |number, now| {
        let replay = ReplayId(format!("r{number}"));
        table.record(&connection(number), &Principal::anonymous(), None, Some(&replay), now).await.unwrap();
    };
    for number in 0..1500 {
        record(number, now).await;
    }
    for number in 0..1500 {
        let replay = table.replay(&connection(number), now).await.unwrap();
        assert_eq!(replay, Some(ReplayId(format!("r{number}"))), "while others came it was kept");
    }
    for number in 1500..3000 {
        record(number, later).await;
    }
    assert!(format!("{table:?}").matches("ReplayId").count() < 3000);
}

#[tokio::test]
async fn the_journal_in_memory_does_as_the_suite_demands() {
    journal::suite(Arc::new(MemoryJournal::default())).await;
    journal::expiry(&MemoryJournal::default(), Duration::from_secs(3600)).await;
}

#[tokio::test]
async fn the_journal_in_memory_forgets_the_oldest_runs_when_it_is_full() {
    journal::bounded(&MemoryJournal::new(Duration::from_secs(3600), 1000)).await;
    journal::bounded_by_default(&MemoryJournal::default()).await;
}

#[tokio::test(start_paused = true)]
async fn the_queue_in_memory_does_as_the_suite_demands() {
    let limits = QueueLimits { visibility: Duration::from_secs(30), max_receive_count: 3, max_waiting: 5 };
    queue::in_memory(move || MemoryQueue::new(limits)).await;
    batches::suite(move || MemoryQueue::new(limits)).await;
    let queue = MemoryQueue::new(limits);
    queue::suite(&queue, &queue).await;
    let behind = Arc::new(MemoryQueue::new(limits));
    queue::redrive(&MemoryQueue::before(behind.clone(), limits), &behind).await;
}
