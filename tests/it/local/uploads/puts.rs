//! What a URL takes, and what it does not.

use std::convert::Infallible;
use std::time::Duration;

use agentcore_gateway::local::uploads::{LONGEST, SILENCE};
use agentcore_gateway::protocol::ids::Principal;
use agentcore_gateway::uploads::{FetchError, KEPT_FOR, OFFERED_FOR, Uploads};
use axum::body::Body;
use axum::extract::Request;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::{Place, answer, blanks, key, put, status};
use crate::support::socket::gateway;

#[tokio::test]
async fn what_is_put_is_read_byte_for_byte_and_there_is_one_copy_of_it() {
    let place = Place::open().await;
    let text: Vec<u8> = (0..3_000_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
    let url = place.offer(1, text.len()).await;
    assert_eq!(place.fetch(1).await, Err(FetchError::Missing));
    assert_eq!(answer(put(&url, text.clone())).await, (StatusCode::OK, String::new()));
    let (first, second) = (place.fetch(1).await.unwrap(), place.fetch(1).await.unwrap());
    assert!(first == text);
    assert_eq!(first.as_ptr(), second.as_ptr());
    assert_eq!(place.store.taken(), 3_000_000);
}

#[tokio::test]
async fn an_upload_is_read_up_to_a_limit_and_by_its_own_key() {
    let place = Place::open().await;
    place.upload(1, 100).await;
    assert!(place.store.fetch(&key(1), 100).await.is_ok());
    assert_eq!(place.store.fetch(&key(1), 99).await, Err(FetchError::TooLarge { limit: 99 }));
    assert_eq!(place.fetch(2).await, Err(FetchError::Missing));
    let mut other = key(1);
    other.principal = Principal::parse("ben").unwrap();
    assert_eq!(place.store.fetch(&other, 100).await, Err(FetchError::Missing));
}

#[tokio::test]
async fn a_put_is_as_it_was_offered_or_refused_as_s3_refuses_it() {
    let place = Place::open().await;
    let url = place.offer(1, 10).await;
    let without = |name: &'static str, value: Option<&'static str>| {
        let mut request = put(&url, blanks(10)).build().unwrap();
        let name = HeaderName::from_static(name);
        request.headers_mut().remove(&name);
        value.map(|value| request.headers_mut().insert(name, value.parse().unwrap()));
        reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)
    };
    for (request, expected, words) in [
        (put(&url, blanks(9)), 403, "another length"),
        (put(&url, blanks(11)), 403, "another length"),
        (without("content-type", None), 403, "application/json"),
        (without("content-type", Some("text/plain")), 403, "application/json"),
        (without("content-type", Some("application/json; charset=utf-8")), 403, "application/json"),
        (without("if-none-match", None), 403, "If-None-Match"),
        (without("if-none-match", Some("\"etag\"")), 403, "If-None-Match"),
        (reqwest::Client::new().get(&url), 405, "PUT"),
        (reqwest::Client::new().post(&url).body("{}"), 405, "PUT"),
        (reqwest::Client::new().delete(&url), 405, "PUT"),
    ] {
        let (status, text) = answer(request).await;
        assert_eq!(status.as_u16(), expected, "{text}");
        assert!(text.contains(words) && text.ends_with('.') && !text.contains('\n'), "{text}");
    }
    let chunked = Body::from_stream(stream::iter([Ok::<_, Infallible>("0123456789")]));
    let mut chunked = request(&url, 10, chunked);
    chunked.headers_mut().remove(CONTENT_LENGTH);
    assert_eq!(place.door.answer(chunked).await.status(), StatusCode::LENGTH_REQUIRED);
    assert_eq!(place.fetch(1).await, Err(FetchError::Missing));
    assert_eq!((status(put(&url, blanks(10))).await, place.store.taken()), (StatusCode::OK, 4096));
}

#[tokio::test]
async fn an_address_without_its_secret_is_like_none() {
    let place = Place::open().await;
    let (url, other) = (place.offer(1, 10).await, place.offer(2, 10).await);
    let (path, token) = url.split_once("?token=").unwrap();
    let (other_path, other_token) = other.split_once("?token=").unwrap();
    let changed = format!("{}{}", &token[..31], if token.ends_with('0') { "1" } else { "0" });
    let unknown = format!("{}{}", &path[..path.len() - 1], if path.ends_with('f') { "e" } else { "f" });
    let mut answers = Vec::new();
    for url in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token={changed}"),
        format!("{path}?token={other_token}"),
        format!("{path}?token={token}0"),
        format!("{path}?a=b&token={token}"),
        format!("{other_path}?token={token}"),
        format!("{unknown}?token={token}"),
        format!("{path}/?token={token}"),
    ] {
        answers.push(answer(put(&url, blanks(10))).await);
    }
    assert_eq!(answers[0].0, StatusCode::FORBIDDEN);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(token.len(), 32);
    assert!(!token.contains(key(1).upload.as_str()));
    assert!(path.ends_with(&key(1).path()));
}

#[tokio::test]
async fn an_address_takes_one_upload() {
    let place = Place::open().await;
    let url = place.offer(1, 10).await;
    assert_eq!(status(put(&url, "0123456789")).await, StatusCode::OK);
    assert_eq!(status(put(&url, "something!")).await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(place.fetch(1).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn an_address_expires_after_five_minutes_and_what_was_put_after_a_day() {
    let place = Place::open().await;
    let (in_time, late) = (place.offer(1, 10).await, place.offer(2, 10).await);
    place.clock.move_on(OFFERED_FOR - Duration::from_millis(1));
    assert_eq!(status(put(&in_time, blanks(10))).await, StatusCode::OK);
    place.clock.move_on(Duration::from_millis(1));
    assert_eq!(status(put(&late, blanks(10))).await, StatusCode::FORBIDDEN);
    assert_eq!(status(put(&in_time, blanks(10))).await, StatusCode::FORBIDDEN);
    place.clock.move_on(KEPT_FOR - Duration::from_millis(2));
    assert!(place.fetch(1).await.is_ok());
    place.clock.move_on(Duration::from_millis(1));
    assert_eq!(place.fetch(1).await, Err(FetchError::Missing));
    place.offer(3, 10).await;
    assert_eq!(place.store.taken(), 0);
}

#[tokio::test]
async fn a_put_that_breaks_off_leaves_nothing_and_may_come_again() {
    let place = Place::open().await;
    let url = place.offer(1, 1_000_000).await;
    let target = url.split_once(&place.address.to_string()).unwrap().1;
    let mut stream = TcpStream::connect(place.address).await.unwrap();
    let head = format!(
        "PUT {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIf-None-Match: *\r\n\
         Content-Length: 1000000\r\n\r\n",
        place.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&blanks(1000)).await.unwrap();
    place.until_taken(|taken| taken > 0).await;
    assert_eq!(status(put(&url, blanks(1_000_000))).await, StatusCode::CONFLICT, "it is on its way");
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    drop(stream);
    place.until_taken(|taken| taken == 0).await;
    assert_eq!(place.fetch(1).await, Err(FetchError::Missing));
    assert_eq!(status(put(&url, blanks(1_000_000))).await, StatusCode::OK);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let place = Place::open().await;
    let url = place.offer(1, 10).await;
    let target = url.split_once(&place.address.to_string()).unwrap().1;
    let bytes = 8_000_000;
    let mut stream = TcpStream::connect(place.address).await.unwrap();
    let host = format!("Host: {}\r\nConnection: close", place.address);
    let head = format!("PUT {target} HTTP/1.1\r\n{host}\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&blanks(bytes)).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

/// A PUT that does not come over a socket, so that time can be let pass.
fn request(url: &str, bytes: usize, body: Body) -> Request {
    let request = Request::put(url).header("host", "127.0.0.1").header(CONTENT_LENGTH, bytes);
    request.header("content-type", "application/json").header("if-none-match", "*").body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_put_that_stalls_or_trickles_is_given_up() {
    let place = Place::open().await;
    let url = place.offer(1, 1_000_000).await;
    let piece = || Ok::<_, Infallible>("x");
    let stalled = stream::iter([piece()]).chain(stream::pending());
    let trickling = stream::unfold((), move |()| async move {
        sleep(SILENCE - Duration::from_secs(1)).await;
        Some((piece(), ()))
    });
    let cases = [(Body::from_stream(stalled), SILENCE), (Body::from_stream(trickling), LONGEST)];
    for (body, patience) in cases {
        let from = Instant::now();
        let answer = place.door.answer(request(&url, 1_000_000, body)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(from.elapsed().as_secs(), patience.as_secs());
        assert_eq!(place.store.taken(), 0);
    }
}

#[tokio::test]
async fn a_body_that_goes_on_beyond_its_length_is_cut_off_as_it_comes() {
    let place = Place::open().await;
    let url = place.offer(1, 10).await;
    let endless = stream::repeat_with(|| Ok::<_, Infallible>("xxx"));
    let answer = place.door.answer(request(&url, 10, Body::from_stream(endless))).await;
    assert_eq!((answer.status(), place.store.taken()), (StatusCode::BAD_REQUEST, 0));
    let short = place.door.answer(request(&url, 10, Body::from("123456789"))).await;
    assert_eq!((short.status(), place.store.taken()), (StatusCode::BAD_REQUEST, 0));
    assert_eq!(status(put(&url, blanks(10))).await, StatusCode::OK);
}

#[tokio::test]
async fn a_gateway_has_a_door_for_uploads_unless_they_are_switched_off() {
    for (max_upload_bytes, expected) in [(1, StatusCode::FORBIDDEN), (0, StatusCode::NOT_FOUND)] {
        let gateway = gateway(None, |config| config.max_upload_bytes = max_upload_bytes).await;
        assert_eq!(status(put(&format!("http://{}/uploads/a/b", gateway.address()), "{}")).await, expected);
        let elsewhere = format!("http://{}/uploadsx", gateway.address());
        assert_eq!(status(put(&elsewhere, "{}")).await, StatusCode::NOT_FOUND);
    }
}
