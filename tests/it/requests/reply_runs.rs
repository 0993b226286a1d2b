//! The names by which agents know their runs.

use agentcore_gateway::session::store::{ReplyRuns, StoreError};
use serde_json::{Value, json};

use super::{NOW, RUN, grant, run, table};
use crate::support::aws::{answer, body, operation};

/// What stands under a run's name. It is the only item that holds a principal, and nobody is given the name but the agent.
fn item(expires_at: u64) -> Value {
    json!({
        "pk": {"S": format!("REPLY#{RUN}")}, "sk": {"S": "-"},
        "principal": {"S": "auth0|ada"}, "session": {"S": "travel #1"}, "request": {"S": "r-1"},
        "expires_at": {"N": expires_at.to_string()},
    })
}

#[tokio::test]
async fn a_name_is_put_for_as_long_as_its_session_is_kept() {
    let (endpoint, table) = table([answer(&json!({}))]).await;
    table.name_run(&grant().run, &run(), NOW).await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "PutItem");
    assert_eq!(body(&sent), json!({"TableName": "gateway", "Item": item(1_790_172_801)}));
}

#[tokio::test]
async fn a_name_is_found_by_one_consistent_read() {
    let (endpoint, table) = table([answer(&json!({"Item": item(1_790_172_801)}))]).await;
    assert_eq!(table.run_of(&grant().run, NOW).await, Ok(Some(run())));
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "GetItem");
    let key = json!({"pk": {"S": format!("REPLY#{RUN}")}, "sk": {"S": "-"}});
    assert_eq!(body(&sent), json!({"TableName": "gateway", "Key": key, "ConsistentRead": true}));
}

#[tokio::test]
async fn a_name_that_is_not_there_or_has_expired_is_nobodys() {
    let (_endpoint, table) = table([answer(&json!({})), answer(&json!({"Item": item(1_790_000_000)}))]).await;
    for _ in 0..2 {
        assert_eq!(table.run_of(&grant().run, NOW).await, Ok(None));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_outage() {
    let mut broken = item(1_790_172_801);
    broken["request"] = json!({"N": "7"});
    let (_endpoint, table) = table([answer(&json!({"Item": broken}))]).await;
    let error = table.run_of(&grant().run, NOW).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("no valid")), "{error}");
}
