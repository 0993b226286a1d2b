//! The journal's writes and reads.

use std::sync::Arc;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Stands, Tail};
use agentcore_gateway::protocol::frame::{Frame, Outcome};
use agentcore_gateway::session::NextMessage;
use agentcore_gateway::session::store::StoreError;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{ADA, NOW, lease, run, table};
use crate::support::aws::{ATTEMPTS, answer, body, condition_failed, failure, operation};

fn partition() -> Value {
    json!({"S": format!("RUN#{ADA}#travel #1#r-1")})
}

/// Frames 7 and 8, the latter being the ending if there is an `outcome`.
fn segment(outcome: Option<Outcome>) -> Segment {
    let frame = |seq, outcome| Arc::new(Frame { seq, text: format!(r#"{{"seq":{seq}}}"#), outcome });
    Segment::new(vec![frame(7, None), frame(8, outcome)]).unwrap()
}

/// The item that holds [`segment`].
fn item(outcome: Option<Outcome>) -> Value {
    let segment = segment(outcome);
    let mut item = json!({
        "pk": partition(), "sk": {"S": "0000000007"}, "frames": {"B": BASE64.encode(&segment.encode())},
        "last": {"N": "8"}, "writer": {"S": "lease-1"}, "written_at": {"N": "1790000000500"},
        // A day from the next whole second.
        "expires_at": {"N": "1790086401"},
    });
    if let Some(outcome) = outcome {
        item["outcome"] = json!({"S": outcome.as_str()});
    }
    item
}

#[tokio::test]
async fn a_segment_is_put_once_and_only_where_none_stands() {
    for outcome in [None, Some(Outcome::Completed)] {
        let (endpoint, table) = table([answer(&json!({}))]).await;
        assert_eq!(table.append(&run(), &segment(outcome), &lease(), NOW).await, Ok(Appended::Written));
        let sent = endpoint.only_request();
        assert_eq!(operation(&sent), "PutItem");
        let expected = json!({
            "TableName": "gateway",
            "Item": item(outcome),
            "ConditionExpression": "attribute_not_exists(#expires_at) OR #expires_at <= :now",
            "ExpressionAttributeNames": {"#expires_at": "expires_at"},
            "ExpressionAttributeValues": {":now": {"N": "1790000000"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        assert_eq!(body(&sent), expected);
    }
}

fn overtaken(last: u64, outcome: Option<Outcome>, next: Option<NextMessage>) -> Appended {
    Appended::Overtaken(Stands { last, outcome, next })
}

#[tokio::test]
async fn what_stands_there_is_this_writers_own_or_has_overtaken_it() {
    let stands = [
        (json!({"writer": {"S": "lease-1"}}), Appended::Written),
        (json!({"writer": {"S": "another"}, "last": {"N": "3"}}), overtaken(3, None, None)),
        (
            json!({"writer": {"S": "another"}, "last": {"N": "4"}, "outcome": {"S": "failed"}}),
            overtaken(4, Some(Outcome::Failed), None),
        ),
        (
            json!({"writer": {"S": "another"}, "last": {"N": "4"}, "next_index": {"N": "7"}, "next_frames": {"N": "1"}, "next_bytes": {"N": "99"}}),
            overtaken(4, None, Some(NextMessage { index: 7, frames: 1, bytes: 99 })),
        ),
    ];
    for (item, appended) in stands {
        let (endpoint, table) = table([condition_failed(Some(item.clone()))]).await;
        assert_eq!(table.append(&run(), &segment(None), &lease(), NOW).await, Ok(appended), "{item:?}");
        endpoint.only_request();
    }
}

#[tokio::test]
async fn a_journal_that_wants_less_is_throttled_and_one_that_fails_is_an_outage() {
    let throttled = || (0..ATTEMPTS).map(|_| failure(400, "ProvisionedThroughputExceededException"));
    let (endpoint, journal) = table(throttled()).await;
    assert_eq!(journal.append(&run(), &segment(None), &lease(), NOW).await, Err(StoreError::Throttled));
    assert_eq!(endpoint.requests().len(), ATTEMPTS);
    let (_endpoint, journal) = table(throttled()).await;
    assert_eq!(journal.tail(&run(), NOW).await, Err(StoreError::Throttled));
    let (_endpoint, journal) = table(throttled()).await;
    assert_eq!(journal.read(&run(), 0, NOW).await, Err(StoreError::Throttled));
    let (endpoint, journal) = table([failure(400, "ValidationException")]).await;
    let error = journal.append(&run(), &segment(None), &lease(), NOW).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("ValidationException")), "{error}");
    endpoint.only_request();
}

/// A query of the run's segments, with `members` besides what all have.
fn query(condition: &str, names: &Value, values: &Value, members: &Value) -> Value {
    let mut body = json!({
        "TableName": "gateway",
        "ConsistentRead": true,
        "KeyConditionExpression": condition,
        "FilterExpression": "#expires_at > :now",
        "ExpressionAttributeNames": {"#pk": "pk", "#expires_at": "expires_at"},
        "ExpressionAttributeValues": {":pk": partition(), ":now": {"N": "1790000000"}},
    });
    for (into, more) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        body[into].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn newest(members: &Value) -> Value {
    query("#pk = :pk", &json!({}), &json!({}), members)
}

#[tokio::test]
async fn the_tail_is_one_consistent_query_for_the_newest_segment() {
    let tail = |outcome| Tail { last: 8, outcome, written_at: NOW };
    let cases = [
        (json!([]), None),
        (json!([item(None)]), Some(tail(None))),
        (json!([item(Some(Outcome::Stopped))]), Some(tail(Some(Outcome::Stopped)))),
    ];
    for (items, expected) in cases {
        let (endpoint, table) = table([answer(&json!({"Items": items}))]).await;
        assert_eq!(table.tail(&run(), NOW).await, Ok(expected));
        let sent = endpoint.only_request();
        assert_eq!(operation(&sent), "Query");
        assert_eq!(body(&sent), newest(&json!({"ScanIndexForward": false, "Limit": 1})));
    }
}

#[tokio::test]
async fn behind_a_newest_segment_that_has_expired_there_may_be_one_that_has_not() {
    let key = json!({"pk": partition(), "sk": {"S": "0000000009"}});
    let expired = json!({"Items": [], "LastEvaluatedKey": key});
    let page = json!({"Items": [item(None)]});
    // The second page begins behind what the first one ended with.
    let (endpoint, table) = table([answer(&expired), answer(&expired), answer(&page)]).await;
    let tail = table.tail(&run(), NOW).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.written_at), (8, Timestamp(1_790_000_000_500)));
    let bodies: Vec<Value> = endpoint.requests().iter().map(body).collect();
    let all = newest(&json!({"ScanIndexForward": false}));
    let rest = newest(&json!({"ScanIndexForward": false, "ExclusiveStartKey": key}));
    assert_eq!(bodies, [newest(&json!({"ScanIndexForward": false, "Limit": 1})), all, rest]);
}

/// A query of the segments from place `first` on.
fn from(first: &str, members: &Value) -> Value {
    query("#pk = :pk AND #sk >= :first", &json!({"#sk": "sk"}), &json!({":first": {"S": first}}), members)
}

/// A query for the place of the segment that holds frame `seq`.
fn place_of(seq: &str) -> Value {
    let names = json!({"#sk": "sk", "#last": "last"});
    let members = json!({"ScanIndexForward": false, "Limit": 1, "ProjectionExpression": "#sk, #last, #expires_at"});
    query("#pk = :pk AND #sk <= :seq", &names, &json!({":seq": {"S": seq}}), &members)
}

/// What DynamoDB answers if the segment of that query ends with frame `last`.
fn place(last: u64) -> Value {
    json!({"Items": [{
        "sk": {"S": "0000000007"}, "last": {"N": last.to_string()}, "expires_at": {"N": "1790086401"},
    }]})
}

#[tokio::test]
async fn a_journal_is_read_from_its_beginning_by_one_consistent_query() {
    let (endpoint, table) = table([answer(&json!({"Items": [item(Some(Outcome::Failed))]}))]).await;
    let frames = table.read(&run(), 0, NOW).await.unwrap();
    assert_eq!(frames, segment(Some(Outcome::Failed)).frames());
    assert_eq!(body(&endpoint.only_request()), from("0000000001", &json!({"Limit": 4})));
}

#[tokio::test]
async fn a_journal_is_read_on_from_the_segment_that_holds_the_next_frame() {
    let (endpoint, table) = table([answer(&place(8)), answer(&json!({"Items": [item(None)]}))]).await;
    let frames = table.read(&run(), 7, NOW).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [8]);
    let expected = [place_of("0000000008"), from("0000000007", &json!({"Limit": 4}))];
    assert_eq!(endpoint.requests().iter().map(body).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn behind_the_end_of_a_journal_no_segment_is_read() {
    let cases = [(8, "0000000009"), (9_999_999_998, "9999999999"), (u64::MAX, "9999999999")];
    for (after, place_sent) in cases {
        let (endpoint, table) = table([answer(&place(8))]).await;
        assert_eq!(table.read(&run(), after, NOW).await, Ok(Vec::new()));
        assert_eq!(body(&endpoint.only_request()), place_of(place_sent));
    }
}

#[tokio::test]
async fn where_a_segment_has_expired_the_one_that_holds_the_next_frame_may_be_anywhere_before_it() {
    let key = json!({"pk": partition(), "sk": {"S": "0000000008"}});
    let expired = json!({"Items": [], "LastEvaluatedKey": key});
    let (endpoint, table) = table([answer(&expired), answer(&json!({"Items": [item(None)]}))]).await;
    let frames = table.read(&run(), 7, NOW).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [8]);
    assert_eq!(body(&endpoint.requests()[1]), from("0000000001", &json!({"Limit": 4})));
}

/// The item of a segment of ten frames from number `first` on, each of `bytes` that compress to almost nothing.
fn large(first: u64, bytes: usize) -> Value {
    let frame = |seq| Arc::new(Frame { seq, text: "x".repeat(bytes), outcome: None });
    let segment = Segment::new((first..first + 10).map(frame).collect()).unwrap();
    let mut item = item(None);
    item["sk"] = json!({"S": format!("{first:010}")});
    item["last"] = json!({"N": segment.last().to_string()});
    item["frames"] = json!({"B": BASE64.encode(&segment.encode())});
    item
}

#[tokio::test]
async fn of_a_hundred_segments_only_those_are_decoded_that_make_a_page() {
    // Four segments of 300 kB are more than a page; of a hundred, the others are told apart by being no segments.
    let places = (0..100).map(|at| 1 + 10 * at);
    let items = places.map(|first| {
        let mut item = large(first, 30_000);
        if first > 40 {
            item["frames"] = json!({"B": BASE64.encode(b"no frames")});
        }
        item
    });
    let (endpoint, table) = table([answer(&json!({"Items": items.collect::<Vec<_>>()}))]).await;
    let frames = table.read(&run(), 0, NOW).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), (1..=34).collect::<Vec<_>>());
    endpoint.only_request();
}

#[tokio::test]
async fn a_page_asks_for_as_many_segments_as_it_has_room_for() {
    // Of each answer: how large its frames are, and how many segments the next query asks for.
    let cases = [(30_000, None), (10_000, Some(7)), (1_000, Some(100))];
    for (bytes, expected) in cases {
        let key = json!({"pk": partition(), "sk": {"S": "0000000031"}});
        let items: Vec<_> = [1, 11, 21, 31].into_iter().map(|first| large(first, bytes)).collect();
        let page = answer(&json!({"Items": items, "LastEvaluatedKey": key}));
        let (endpoint, table) = table([page, answer(&json!({"Items": [large(41, bytes)]}))]).await;
        let read = table.read(&run(), 0, NOW).await.unwrap().len();
        let more = expected.map(|limit| from("0000000001", &json!({"Limit": limit, "ExclusiveStartKey": key})));
        assert_eq!(read, if more.is_some() { 50 } else { 34 });
        let requests: Vec<Value> = endpoint.requests().iter().map(body).collect();
        assert_eq!(requests[1..].iter().collect::<Vec<_>>(), more.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn segments_that_have_expired_are_no_end_of_the_journal() {
    let key = json!({"pk": partition(), "sk": {"S": "0000000006"}});
    let expired = json!({"Items": [], "LastEvaluatedKey": key});
    let (endpoint, table) = table([answer(&expired), answer(&json!({"Items": [item(None)]}))]).await;
    assert_eq!(table.read(&run(), 0, NOW).await.unwrap().len(), 2);
    let rest = from("0000000001", &json!({"Limit": 100, "ExclusiveStartKey": key}));
    assert_eq!(body(&endpoint.requests()[1]), rest);
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_is_an_outage() {
    let mut frames = item(None);
    frames["frames"] = json!({"B": BASE64.encode(b"no frames")});
    let mut outcome = item(None);
    outcome["outcome"] = json!({"S": "lost"});
    let mut place = item(None);
    place["sk"] = json!({"S": "-"});
    for item in [frames, outcome, place] {
        let (_endpoint, table) = table([answer(&json!({"Items": [item]}))]).await;
        assert!(matches!(table.read(&run(), 0, NOW).await, Err(StoreError::Unavailable(_))), "{item}");
    }
}
