//! How much there may be.

use std::convert::Infallible;

use agentcore_gateway::local::uploads::{MAX_AT_ONCE, MAX_OFFERS, ROOM};
use agentcore_gateway::uploads::{FetchError, OFFERED_FOR, OfferError};
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use tokio::sync::mpsc;

use super::{Place, blanks, put, status};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn the_oldest_goes_first_when_there_is_no_room() {
    let place = Place::open().await;
    // The order in which they came counts, not that of their offers.
    let early = place.offer(3, 16 * MIB).await;
    for number in [1, 2] {
        place.upload(number, 16 * MIB).await;
    }
    assert_eq!(status(put(&early, blanks(16 * MIB))).await, StatusCode::OK);
    place.upload(4, 16 * MIB).await;
    assert_eq!(place.store.taken(), ROOM);
    for gone in [1, 2, 3] {
        place.offer(gone + 10, 16 * MIB).await;
        assert!(place.fetch(gone).await.is_ok(), "an offer takes no room");
        place.upload(gone + 20, 16 * MIB).await;
        assert_eq!(place.fetch(gone).await, Err(FetchError::Missing));
        assert!(place.store.taken() <= ROOM);
    }
    assert!(place.fetch(4).await.is_ok());
}

#[tokio::test]
async fn what_a_prompt_in_the_queue_names_stays_until_its_run_has_ended() {
    let place = Place::open().await;
    for number in 1..=4 {
        place.upload(number, 16 * MIB).await;
    }
    for number in [1, 2] {
        place.ask(number).await;
    }
    let running = place.queue.receive().await;
    place.upload(5, 32 * MIB).await;
    for (number, is_there) in [(1, true), (2, true), (3, false), (4, false), (5, true)] {
        assert_eq!(place.fetch(number).await.is_ok(), is_there, "{number}");
    }
    place.queue.delete(&running.receipt);
    place.upload(6, 16 * MIB).await;
    assert_eq!(place.fetch(1).await, Err(FetchError::Missing));
    assert!(place.fetch(2).await.is_ok() && place.fetch(5).await.is_ok());
}

#[tokio::test]
async fn without_room_that_may_be_made_nothing_is_offered_or_taken_and_nothing_goes_in_vain() {
    let place = Place::open().await;
    let early = place.offer(9, 32 * MIB).await;
    for number in 1..=4 {
        place.upload(number, 16 * MIB).await;
    }
    for number in 1..=3 {
        place.ask(number).await;
    }
    assert_eq!(place.try_offer(5, 16 * MIB + 1).await, Err(OfferError::Full));
    assert!(place.try_offer(6, 16 * MIB).await.is_ok());
    assert_eq!(status(put(&early, blanks(32 * MIB))).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(place.fetch(4).await.is_ok());
    for _ in 0..2 {
        let done = place.queue.receive().await;
        place.queue.delete(&done.receipt);
    }
    assert_eq!(status(put(&early, blanks(32 * MIB))).await, StatusCode::OK);
}

#[tokio::test]
async fn small_uploads_do_not_fill_the_memory_with_what_is_kept_beside_them() {
    let place = Place::open().await;
    place.upload(1, 1).await;
    place.upload(2, 2).await;
    assert_eq!(place.store.taken(), 8192);
}

#[tokio::test]
async fn of_many_addresses_the_newest_count() {
    let place = Place::open().await;
    let mut urls = Vec::new();
    for number in 0..=MAX_OFFERS {
        urls.push(place.offer(number.try_into().unwrap(), 10).await);
    }
    for (url, expected) in [(&urls[0], 403), (&urls[1], 200), (&urls[MAX_OFFERS], 200)] {
        assert_eq!(status(put(url, blanks(10))).await.as_u16(), expected);
    }
}

#[tokio::test]
async fn so_many_come_at_once_and_one_that_is_left_makes_place() {
    let place = Place::open().await;
    let mut coming = Vec::new();
    for number in 0..MAX_AT_ONCE {
        let url = place.offer(number.try_into().unwrap(), 10).await;
        let body = Body::from_stream(stream::pending::<Result<&str, Infallible>>());
        let request = Request::put(url).header("host", "127.0.0.1").header(CONTENT_LENGTH, 10);
        let request = request.header("content-type", "application/json").header("if-none-match", "*");
        let (door, request) = (place.door.clone(), request.body(body).unwrap());
        coming.push(tokio::spawn(async move { door.answer(request).await }));
    }
    place.until_taken(|taken| taken == 4096 * MAX_AT_ONCE as u64).await;
    let url = place.offer(99, 10).await;
    assert_eq!(status(put(&url, blanks(10))).await, StatusCode::SERVICE_UNAVAILABLE);
    let left = coming.pop().unwrap();
    left.abort();
    let _ = left.await;
    assert_eq!(status(put(&url, blanks(10))).await, StatusCode::OK);
}

#[tokio::test]
async fn so_many_may_come_one_after_the_other_as_there_is_room_for() {
    let place = Place::open().await;
    for number in 0..=MAX_AT_ONCE {
        place.upload(number.try_into().unwrap(), 10).await;
    }
}

#[tokio::test]
async fn what_is_on_its_way_when_its_address_expires_is_taken() {
    let place = Place::open().await;
    let url = place.offer(1, 10).await;
    let (sender, receiver) = mpsc::unbounded_channel();
    let pieces = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece: &'static str| (Ok::<_, Infallible>(piece), receiver))
    });
    let request = Request::put(url).header("host", "127.0.0.1").header(CONTENT_LENGTH, 10);
    let request = request.header("content-type", "application/json").header("if-none-match", "*");
    let (door, request) = (place.door.clone(), request.body(Body::from_stream(pieces)).unwrap());
    let sent = tokio::spawn(async move { door.answer(request).await.status() });
    sender.send("01234").unwrap();
    place.until_taken(|taken| taken > 0).await;
    place.clock.move_on(OFFERED_FOR);
    place.offer(2, 10).await;
    sender.send("56789").unwrap();
    drop(sender);
    assert_eq!(sent.await.unwrap(), StatusCode::OK);
    assert_eq!(place.fetch(1).await, Ok(Bytes::from_static(b"0123456789")));
}
