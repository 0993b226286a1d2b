//! The records of connections.

use agentcore_gateway::session::ReplayId;
use agentcore_gateway::session::store::{Connection, Connections, Owners, StoreError};
use serde_json::{Value, json};

use super::{NOW, connection, principal, session, table};
use crate::support::aws::{ATTEMPTS, answer, body, condition_failed, failure, operation};

fn key() -> Value {
    json!({"pk": {"S": "CONNECTION#L0SM9cOFvHcCIhw="}, "sk": {"S": "-"}})
}

#[tokio::test]
async fn a_connection_is_recorded_with_its_session_for_three_hours() {
    let (endpoint, table) = table([answer(&json!({}))]).await;
    table.record(&connection(), &principal(), Some(&session()), None, NOW).await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "UpdateItem");
    let expected = json!({
        "TableName": "gateway",
        "Key": key(),
        "UpdateExpression": "SET #principal = :principal, #expires_at = :expires_at ADD #sessions :sessions",
        "ConditionExpression": "(attribute_not_exists(#sessions) OR size(#sessions) < :max_sessions)",
        "ExpressionAttributeNames": {
            "#principal": "principal", "#expires_at": "expires_at", "#sessions": "sessions",
        },
        "ExpressionAttributeValues": {
            ":principal": {"S": "auth0|ada"}, ":expires_at": {"N": "1790010801"}, ":max_sessions": {"N": "32"},
            ":sessions": {"SS": ["travel #1"]},
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(body(&sent), expected);
}

#[tokio::test]
async fn a_connection_without_a_session_is_recorded_without_one() {
    let (endpoint, table) = table([answer(&json!({}))]).await;
    table.record(&connection(), &principal(), None, None, NOW).await.unwrap();
    let sent = body(&endpoint.only_request());
    assert_eq!(sent["UpdateExpression"], "SET #principal = :principal, #expires_at = :expires_at");
    assert_eq!(sent["ExpressionAttributeValues"].get(":sessions"), None);
}

#[tokio::test]
async fn a_record_that_names_as_many_sessions_as_it_may_is_left_as_it_is() {
    let (endpoint, table) = table([condition_failed(Some(json!({"principal": {"S": "auth0|ada"}})))]).await;
    assert_eq!(table.record(&connection(), &principal(), Some(&session()), None, NOW).await, Ok(()));
    endpoint.only_request();
}

#[tokio::test]
async fn a_replay_is_recorded_also_where_there_is_no_room_for_its_session() {
    let full = condition_failed(Some(json!({"principal": {"S": "auth0|ada"}})));
    let (endpoint, table) = table([full, answer(&json!({}))]).await;
    let replay = ReplayId("replay-1".to_owned());
    table.record(&connection(), &principal(), Some(&session()), Some(&replay), NOW).await.unwrap();
    let sent: Vec<Value> = endpoint.requests().iter().map(body).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        (&sent[1]["UpdateExpression"], sent[1].get("ConditionExpression")),
        (&json!("SET #principal = :principal, #expires_at = :expires_at, #replay = :replay"), None)
    );
}

#[tokio::test]
async fn the_replay_is_read_consistently() {
    let item = json!({"Item": {"replay": {"S": "replay-1"}, "expires_at": {"N": "1790010801"}}});
    let (endpoint, table) = table([answer(&item), answer(&json!({}))]).await;
    assert_eq!(table.replay(&connection(), NOW).await, Ok(Some(ReplayId("replay-1".to_owned()))));
    assert_eq!(table.replay(&connection(), NOW).await, Ok(None), "it has closed");
    let sent = body(&endpoint.requests()[0]);
    assert_eq!(sent, json!({"TableName": "gateway", "Key": key(), "ConsistentRead": true}));
}

#[tokio::test]
async fn the_owner_is_read_consistently() {
    let item = json!({"Item": {"principal": {"S": "auth0|ada"}, "expires_at": {"N": "1790010801"}}});
    let expired = json!({"Item": {"principal": {"S": "auth0|ada"}, "expires_at": {"N": "1790000000"}}});
    let malformed = json!({"Item": {"expires_at": {"N": "1790010801"}}});
    let scripts = [item, json!({}), expired, malformed].map(|item| answer(&item));
    let (endpoint, table) = table(scripts).await;
    assert_eq!(table.owner(&connection(), NOW).await, Ok(Some(principal())));
    assert_eq!(table.owner(&connection(), NOW).await, Ok(None), "it has closed");
    assert_eq!(table.owner(&connection(), NOW).await, Ok(None), "it has expired");
    let error = table.owner(&connection(), NOW).await.unwrap_err();
    assert!(error.to_string().contains("no valid \"principal\""), "{error}");
    let sent = body(&endpoint.requests()[0]);
    assert_eq!(sent, json!({"TableName": "gateway", "Key": key(), "ConsistentRead": true}));
}

#[tokio::test]
async fn a_record_that_is_throttled_says_so() {
    let (endpoint, table) = table((0..ATTEMPTS).map(|_| failure(400, "ThrottlingException"))).await;
    assert_eq!(table.record(&connection(), &principal(), None, None, NOW).await, Err(StoreError::Throttled));
    assert_eq!(endpoint.requests().len(), ATTEMPTS);
}

/// What is known of the connection if this is the item that was deleted.
async fn forgotten(answered: Value) -> Result<Option<Connection>, StoreError> {
    let (endpoint, table) = table([answer(&answered)]).await;
    let known = table.forget(&connection(), NOW).await;
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "DeleteItem");
    assert_eq!(body(&sent), json!({"TableName": "gateway", "Key": key(), "ReturnValues": "ALL_OLD"}));
    known
}

#[tokio::test]
async fn a_connection_is_forgotten_by_one_write_that_says_what_was_known() {
    let item = json!({
        "principal": {"S": "auth0|ada"}, "sessions": {"SS": ["travel #1"]}, "expires_at": {"N": "1790000001"},
        "replay": {"S": "replay-1"},
    });
    let known =
        Connection { principal: principal(), sessions: vec![session()], replay: Some(ReplayId("replay-1".to_owned())) };
    assert_eq!(forgotten(json!({"Attributes": item})).await, Ok(Some(known)));
    let item = json!({"principal": {"S": "auth0|ada"}, "expires_at": {"N": "1790000001"}});
    let known = Connection { principal: principal(), sessions: Vec::new(), replay: None };
    assert_eq!(forgotten(json!({"Attributes": item})).await, Ok(Some(known)));
}

#[tokio::test]
async fn of_a_connection_without_a_record_or_with_an_expired_one_nothing_is_known() {
    assert_eq!(forgotten(json!({})).await, Ok(None));
    let expired = json!({"principal": {"S": "auth0|ada"}, "expires_at": {"N": "1790000000"}});
    assert_eq!(forgotten(json!({"Attributes": expired})).await, Ok(None));
}

#[tokio::test]
async fn a_record_that_holds_no_principal_is_an_outage() {
    let error = forgotten(json!({"Attributes": {"expires_at": {"N": "1790000001"}}})).await.unwrap_err();
    assert!(error.to_string().contains("no valid \"principal\""), "{error}");
}
