//! DynamoDB.

use std::sync::Arc;

use agentcore_gateway::journal;
use agentcore_gateway::table::Table;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

use super::{config, unused};
use crate::conformance::dynamodb::Subject;
use crate::{conformance, session_model};

/// An empty table with the keys that Terraform gives it.
async fn empty() -> Subject {
    let (client, table) = (Client::new(&config()), unused("gateway"));
    let mut create = client.create_table().table_name(&table).billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        create = create.attribute_definitions(attribute.build().unwrap());
        create = create.key_schema(KeySchemaElement::builder().attribute_name(key).key_type(kind).build().unwrap());
    }
    create.send().await.unwrap();
    Subject { client, table }
}

async fn table() -> Table {
    let Subject { client, table } = empty().await;
    Table::new(client, table)
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_emulator_does_what_is_counted_on() {
    conformance::dynamodb::suite(&empty().await).await;
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_table_keeps_sessions_as_the_suite_demands() {
    conformance::sessions::suite(Arc::new(table().await)).await;
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_table_keeps_connections_as_the_suite_demands() {
    conformance::sessions::connections(&table().await).await;
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_table_keeps_the_names_of_runs_as_the_suite_demands() {
    conformance::sessions::reply_runs(&table().await).await;
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_table_keeps_journals_as_the_suite_demands() {
    let table = table().await;
    conformance::journal::expiry(&table, journal::RETENTION).await;
    conformance::journal::suite(Arc::new(table)).await;
}

#[test]
#[ignore = "needs an emulator: make emulator-test"]
fn the_table_agrees_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let table = runtime.block_on(table());
    session_model::suite(&runtime, &table, 24);
}
