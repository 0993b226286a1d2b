//! The table, over the model of DynamoDB: the suites hold the very expressions that are sent.

use std::cell::RefCell;
use std::sync::Arc;

use agentcore_gateway::journal::{Appended, Journal, RETENTION, Segment};
use agentcore_gateway::protocol::frame::Frame;
use agentcore_gateway::session::LeaseId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{dynamodb, journal, sessions};
use crate::session_model;
use crate::support::dynamodb::DynamoDb;

#[tokio::test]
async fn the_model_does_what_is_counted_on() {
    dynamodb::suite(&dynamodb::Subject { client: DynamoDb::default().client(), table: "gateway".to_owned() }).await;
}

#[tokio::test]
async fn the_table_keeps_sessions_as_the_suite_demands() {
    sessions::suite(Arc::new(DynamoDb::default().table())).await;
}

#[tokio::test]
async fn the_table_keeps_connections_as_the_suite_demands() {
    sessions::connections(&DynamoDb::default().table()).await;
}

#[tokio::test]
async fn the_table_keeps_the_names_of_runs_as_the_suite_demands() {
    sessions::reply_runs(&DynamoDb::default().table()).await;
}

#[tokio::test]
async fn the_table_keeps_journals_as_the_suite_demands() {
    let table = DynamoDb::default().table();
    journal::expiry(&table, RETENTION).await;
    journal::suite(Arc::new(table)).await;
}

#[test]
fn the_table_agrees_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    session_model::suite(&runtime, &DynamoDb::default().table(), 16);
}

fn segment(first: u64, text: impl Fn() -> String) -> Segment {
    let frame = |seq| Arc::new(Frame { seq, text: text(), outcome: None });
    Segment::new((first..first + 10).map(frame).collect()).unwrap()
}

/// Reads the journal of 12 segments that hold 300 kB each; how many items DynamoDB read for it.
async fn read_whole(text: impl Fn() -> String) -> usize {
    let db = DynamoDb::default();
    let (table, run) = (db.table(), journal::run("large"));
    for at in 0..12 {
        let appended = table.append(&run, &segment(1 + 10 * at, &text), &LeaseId("w".to_owned()), journal::NOW).await;
        assert_eq!(appended, Ok(Appended::Written));
    }
    let mut read = Vec::new();
    loop {
        let page = table.read(&run, read.len() as u64, journal::NOW).await.unwrap();
        if page.is_empty() {
            break;
        }
        read.extend(page.iter().map(|frame| frame.seq));
    }
    assert_eq!(read, (1..=120).collect::<Vec<_>>());
    db.items_read()
}

#[tokio::test]
async fn a_journal_is_read_with_few_segments_more_than_its_pages_hold() {
    // Four pages, each of which begins in the segment in which the last one ended; and that one is looked up.
    assert!(read_whole(|| "x".repeat(30_000)).await <= 12 + 3 * 4);
    let mut random = StdRng::seed_from_u64(7);
    let noise = RefCell::new(|| random.random_range('a'..'\u{ffff}'));
    assert!(read_whole(|| (0..10_000).map(|_| noise.borrow_mut()()).collect()).await <= 12 + 3 * 4);
}
