//! What a gateway takes at once, and how long it waits for it.

use std::convert::Infallible;
use std::time::Duration;

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::replies::MAX_REQUEST_BYTES;
use axum::body::Body;
use futures_util::future::join_all;
use futures_util::stream;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::{Door, SEND, answer_to, but, request, said, sent};

const THROTTLED: (u16, &str, Option<&str>) = (403, "RequestThrottled", None);

fn stalled() -> Body {
    Body::from_stream(stream::pending::<Result<&str, Infallible>>())
}

#[tokio::test]
async fn a_group_that_is_full_is_throttled_as_sdks_try_again() {
    let door = Door::open().await;
    for index in 0..100 {
        let message = but(&sent(&said(index)), "MessageDeduplicationId", index.to_string().into());
        assert_eq!(door.send(&message).await.status, StatusCode::OK);
    }
    let next = but(&sent(&said(100)), "MessageDeduplicationId", "100".into());
    assert_eq!(door.send(&next).await.error(), THROTTLED);
    let delivery = door.queue.receive().await;
    door.queue.delete(&delivery.receipt);
    assert_eq!(door.send(&next).await.status, StatusCode::OK);
}

#[tokio::test]
async fn many_groups_do_not_fill_the_memory() {
    let door = Door::open().await;
    let mebibyte = "x".repeat(1024 * 1024);
    for number in 0..64 {
        door.queue.put(&format!("other {number}"), &number.to_string(), &mebibyte).unwrap();
    }
    assert_eq!(door.send(&sent(&said(0))).await.error(), THROTTLED);
    let delivery = door.queue.receive().await;
    door.queue.delete(&delivery.receipt);
    assert_eq!(door.send(&sent(&said(0))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_gateway_that_stops_takes_nothing_more() {
    let door = Door::open().await;
    door.queue.close();
    assert_eq!(door.send(&sent(&said(0))).await.error(), (503, "ServiceUnavailable", None));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_read_to_its_end() {
    let door = Door::without_socket(AllowedOrigins::Any).await;
    let blanks = |bytes: usize| Body::from(vec![b' '; bytes]);
    let answer = door.replies.answer(request(SEND, blanks(MAX_REQUEST_BYTES))).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(" ".repeat(1 << 16))));
    for body in [blanks(MAX_REQUEST_BYTES + 1), endless] {
        let answer = door.replies.answer(request(SEND, body)).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_is_given_up() {
    let door = Door::without_socket(AllowedOrigins::Any).await;
    let began = Instant::now();
    let answer = door.replies.answer(request(SEND, stalled())).await;
    assert_eq!((answer.status(), began.elapsed().as_secs()), (StatusCode::REQUEST_TIMEOUT, 30));
}

#[tokio::test(start_paused = true)]
async fn so_many_requests_are_read_at_once_and_others_have_their_turn() {
    let door = Door::without_socket(AllowedOrigins::Any).await;
    let began = Instant::now();
    let stalled = join_all((0..16).map(|_| door.replies.answer(request(SEND, stalled()))));
    let next = async {
        sleep(Duration::from_secs(1)).await;
        let answer = door.replies.answer(request(SEND, Body::from(sent(&said(0)).to_string()))).await;
        (answer.status(), began.elapsed().as_secs())
    };
    let (stalled, next) = tokio::join!(stalled, next);
    assert!(stalled.iter().all(|answer| answer.status() == StatusCode::REQUEST_TIMEOUT));
    assert_eq!(next, (StatusCode::OK, 30), "as soon as there is a place");
}

#[tokio::test]
async fn a_large_request_comes_through_a_socket() {
    let door = Door::open().await;
    let padding = " ".repeat(3 * 1024 * 1024);
    let answer = answer_to(door.request(SEND, format!("{padding}{}", sent(&said(0))))).await;
    assert_eq!(answer.status, StatusCode::OK);
}
