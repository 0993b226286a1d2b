//! The table, over the model of DynamoDB: the suites hold the very expressions that are sent.

use std::sync::Arc;

use agentcore_gateway::journal::RETENTION;

use super::{journal, sessions};
use crate::session_model;
use crate::support::dynamodb::DynamoDb;

#[tokio::test]
async fn the_table_keeps_sessions_as_the_suite_demands() {
    sessions::suite(Arc::new(DynamoDb::default().table())).await;
}

#[tokio::test]
async fn the_table_keeps_connections_as_the_suite_demands() {
    sessions::connections(&DynamoDb::default().table()).await;
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
    session_model::suite(&runtime, &DynamoDb::default().table(), 32);
}
