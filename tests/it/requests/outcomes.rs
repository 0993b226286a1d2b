//! What the table makes of each answer to a transition.

use agentcore_gateway::session::store::{Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::{Refusal, Transition};
use agentcore_gateway::session::{Attachment, Attachments, Cursor, Session};
use serde_json::{Value, json};

use super::{ADA, NOW, connection, key, lease, request, table};
use crate::support::agent::Script;
use crate::support::aws::{ATTEMPTS, answer, body, condition_failed, failure, operation};

fn renewal() -> Transition {
    Transition::Renew { lease: lease(), until: NOW }
}

fn attach() -> Transition {
    Transition::Attach { connection: connection(), cursor: Cursor::Connecting }
}

/// An item until `expires_at`, with a run that somebody else has.
fn taken(expires_at: u64) -> Value {
    let active = json!({
        "request": {"S": "r-0"}, "lease": {"S": "another"}, "lease_until": {"N": "2"}, "started_at": {"N": "1"},
    });
    json!({"active": {"M": active}, "expires_at": {"N": expires_at.to_string()}})
}

const LASTING: u64 = 1_790_000_001;
const EXPIRED: u64 = 1_790_000_000;

#[tokio::test]
async fn a_condition_that_fails_is_a_refusal_with_the_session_that_stands_and_nothing_is_sent_again() {
    let (endpoint, table) = table([condition_failed(Some(taken(LASTING)))]).await;
    let Refused { refusal, session } = table.apply(&key(), &renewal(), NOW).await.unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::LeaseLost);
    assert_eq!(session.active.unwrap().lease.0, "another");
    endpoint.only_request();
}

#[tokio::test]
async fn a_condition_that_fails_for_no_item_is_a_refusal_of_an_unused_session() {
    let (endpoint, table) = table([condition_failed(None)]).await;
    let refused = Refused { refusal: Refusal::LeaseLost, session: Session::default() };
    assert_eq!(table.apply(&key(), &renewal(), NOW).await, Ok(Err(refused)));
    endpoint.only_request();
}

#[tokio::test]
async fn taking_something_away_from_no_item_is_done_without_another_write() {
    for transition in
        [Transition::Detach { connection: connection(), seen: None }, Transition::ForgetStop { request: request() }]
    {
        let (endpoint, table) = table([condition_failed(None)]).await;
        assert_eq!(table.apply(&key(), &transition, NOW).await, Ok(Ok(Session::default())));
        endpoint.only_request();
    }
}

#[tokio::test]
async fn a_session_that_has_expired_is_replaced_whole_unless_somebody_else_was_first() {
    let (endpoint, table) = table([condition_failed(Some(taken(EXPIRED))), answer(&json!({}))]).await;
    let session = table.apply(&key(), &attach(), NOW).await.unwrap().unwrap();
    let attachment = Attachment { cursor: Cursor::Connecting, attached_at: NOW };
    assert_eq!(
        session,
        Session { connections: Attachments::from_iter([(connection(), attachment)]), ..Session::default() }
    );
    let [_, put] = &endpoint.requests()[..] else { panic!("{:?}", endpoint.requests()) };
    assert_eq!(operation(put), "PutItem");
    let item = json!({
        "pk": {"S": format!("SESSION#{ADA}#travel #1")}, "sk": {"S": "-"}, "expires_at": {"N": "1790172801"},
        "connections": {"SS": ["L0SM9cOFvHcCIhw="]}, "attached#L0SM9cOFvHcCIhw=": {"N": "1790000000500"},
        "cursor#L0SM9cOFvHcCIhw=": {"S": "\"connecting\""},
    });
    let expected = json!({
        "TableName": "gateway",
        "Item": item,
        "ConditionExpression": "#expires_at = :expired",
        "ExpressionAttributeNames": {"#expires_at": "expires_at"},
        "ExpressionAttributeValues": {":expired": {"N": EXPIRED.to_string()}},
    });
    assert_eq!(body(put), expected);
}

#[tokio::test]
async fn who_was_not_first_to_replace_an_expired_session_applies_the_transition_to_the_new_one() {
    let new = json!({"Attributes": {"stop#r-0": {"N": "7"}, "expires_at": {"N": LASTING.to_string()}}});
    let scripts = [condition_failed(Some(taken(EXPIRED))), condition_failed(None), answer(&new)];
    let (endpoint, table) = table(scripts).await;
    assert_eq!(table.apply(&key(), &attach(), NOW).await.unwrap().unwrap().stops.len(), 1);
    let requests = endpoint.requests();
    assert_eq!(requests.iter().map(operation).collect::<Vec<_>>(), ["UpdateItem", "PutItem", "UpdateItem"]);
    assert_eq!(body(&requests[0]), body(&requests[2]));
}

#[tokio::test]
async fn a_condition_that_fails_though_it_holds_is_a_failure_and_not_tried_for_ever() {
    let (endpoint, table) = table([condition_failed(Some(json!({"expires_at": {"N": LASTING.to_string()}})))]).await;
    let error = table.apply(&key(), &attach(), NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    endpoint.only_request();
}

#[tokio::test]
async fn a_table_that_wants_less_is_throttled_once_the_sdk_has_tried_enough() {
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let (endpoint, table) = table((0..ATTEMPTS).map(|_| failure(400, code))).await;
        assert_eq!(table.apply(&key(), &renewal(), NOW).await, Err(StoreError::Throttled), "{code}");
        assert_eq!(endpoint.requests().len(), ATTEMPTS, "{code}");
    }
}

#[tokio::test]
async fn any_other_error_of_the_table_is_an_outage_that_names_it() {
    for (status, code) in
        [(400, "ValidationException"), (400, "ResourceNotFoundException"), (403, "AccessDeniedException")]
    {
        let (endpoint, table) = table([failure(status, code)]).await;
        let error = table.apply(&key(), &renewal(), NOW).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable(text) if text.contains(code)), "{error}");
        endpoint.only_request();
    }
}

#[tokio::test]
async fn an_item_that_somebody_else_has_written_to_is_an_outage_that_names_the_attribute() {
    let items = [
        ("active", json!({"active": {"S": "a text"}})),
        ("lease", json!({"active": {"M": {"request": {"S": "r-1"}}}})),
        ("latest", json!({"latest": {"S": "{}"}})),
        ("attached#c", json!({"attached#c": {"S": "now"}})),
        ("cursor#c", json!({"attached#c": {"N": "1"}, "cursor#c": {"S": "\"elsewhere\""}})),
        ("stop#no such id", json!({"stop#no such id": {"N": "1"}})),
    ];
    for (attribute, item) in items {
        let (_endpoint, table) = table([answer(&json!({"Item": item}))]).await;
        let error = table.load(&key(), NOW).await.unwrap_err().to_string();
        assert!(error.contains(&format!("no valid {attribute:?}")), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_never_came_is_an_outage() {
    let (endpoint, table) = table((0..ATTEMPTS).map(|_| Script::close())).await;
    assert!(matches!(table.apply(&key(), &renewal(), NOW).await, Err(StoreError::Unavailable(_))));
    assert_eq!(endpoint.requests().len(), ATTEMPTS);
}

#[tokio::test]
async fn a_session_that_has_expired_is_read_as_empty() {
    let (_endpoint, table) = table([answer(&json!({"Item": taken(EXPIRED)}))]).await;
    assert_eq!(table.load(&key(), NOW).await, Ok(Session::default()));
}
