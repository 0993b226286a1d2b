//! Reading an upload: what is asked for, and what becomes of each answer.

use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, signed_headers};
use agentcore_gateway::uploads::s3::{LIMIT, S3Objects, SILENCE_LIMIT};
use agentcore_gateway::uploads::{FetchError, Uploads};
use bytes::Bytes;
use tokio::time::Instant;

use super::{NOW, bucket, credentials, key, noon, provider};
use crate::support::agent::{FakeAgent, RefusingPort, Script};

const PROMPT: &str = r#"{"prompt":"hello"}"#;

async fn fetch_at(url: &str, limit: u64) -> Result<Bytes, FetchError> {
    S3Objects::new(bucket(&format!("{url}/b")), provider(), noon()).fetch(&key(), limit).await
}

/// What is read of an answer, of at most `limit` bytes.
async fn fetch(script: Script, limit: u64) -> Result<Bytes, FetchError> {
    let s3 = FakeAgent::once(script).await;
    let fetched = fetch_at(&s3.url(), limit).await;
    assert_eq!(s3.requests().len(), 1);
    fetched
}

fn unavailable(fetched: Result<Bytes, FetchError>) -> String {
    let Err(FetchError::Unavailable(reason)) = fetched else { panic!("{fetched:?}") };
    reason
}

/// S3's error called `code`, whose other words may say anything.
fn refused(status: u16, code: &str) -> Script {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let body = format!("{xml}<Error><Code>{code}</Code><Message>hunter2</Message><Key>hunter2</Key></Error>");
    Script::body("application/xml", body).with_header("x-amz-request-id", "1").with_status(status)
}

#[tokio::test]
async fn an_upload_is_read_by_a_signed_get() {
    let s3 = FakeAgent::once(Script::json(PROMPT)).await;
    assert_eq!(fetch_at(&s3.url(), 18).await, Ok(PROMPT.into()));
    let request = s3.only_request();
    assert_eq!((request.method.as_str(), request.path.clone()), ("GET", format!("/b/{}", key().path())));
    let url = format!("{}{}", s3.url(), request.path);
    let unsigned = Unsigned { method: "GET", url: &url, headers: &[], body: b"" };
    let scope = Scope { service: "s3", region: "us-west-2" };
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0);
    let signed = signed_headers(unsigned, &credentials(), scope, time).unwrap();
    assert_eq!(signed.len(), 4);
    for (name, value) in signed {
        assert_eq!(request.header(&name), Some(value.as_str()), "{name}");
    }
}

#[tokio::test]
async fn an_upload_over_the_limit_is_too_large_before_it_has_come() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n";
    // There is no more than the head, so whoever waits for the body finds it broken off.
    assert_eq!(fetch(Script::Raw(head.into()), 18).await, Err(FetchError::TooLarge { limit: 18 }));
}

#[tokio::test]
async fn an_upload_that_does_not_say_how_long_it_is_is_counted() {
    let (steps, script) = Script::stream_of("application/json");
    steps.send(&PROMPT[..10]);
    steps.send(&PROMPT[10..]);
    steps.end();
    assert_eq!(fetch(script, 18).await, Ok(PROMPT.into()));
    let (steps, script) = Script::stream_of("application/json");
    // It does not end.
    steps.send(PROMPT);
    assert_eq!(fetch(script, 17).await, Err(FetchError::TooLarge { limit: 17 }));
    steps.closed().await;
}

#[tokio::test]
async fn an_upload_of_twenty_megabytes_is_one_piece_of_memory() {
    let large = "x".repeat(20_000_000);
    let fetched = fetch(Script::json(large.as_str()), 20_000_000).await.unwrap();
    assert_eq!(fetched.len(), large.len());
    assert!(fetched == large);
    // Nothing is reserved beyond it, and nothing else holds it: it can be taken as it is.
    let taken = Vec::from(fetched);
    assert_eq!(taken.capacity(), taken.len());
}

#[tokio::test]
async fn what_is_not_there_is_missing() {
    assert_eq!(fetch(refused(404, "NoSuchKey"), 18).await, Err(FetchError::Missing));
    // Without a code it may be the bucket that is missing.
    assert!(matches!(fetch(Script::status(404, ""), 18).await, Err(FetchError::Unavailable(_))));
}

#[tokio::test]
async fn any_other_answer_says_nothing_of_the_upload() {
    for (status, code) in [
        (403, "AccessDenied"),
        (403, "ExpiredToken"),
        (404, "NoSuchBucket"),
        (400, "AuthorizationHeaderMalformed"),
        (500, "InternalError"),
        (503, "SlowDown"),
        (206, "PartialContent"),
    ] {
        let reason = unavailable(fetch(refused(status, code), 18).await);
        assert_eq!(reason, format!("refused with status {status}: {code}"));
    }
    let reason = unavailable(fetch(refused(403, "hunter2 hunter2"), 18).await);
    assert_eq!(reason, "refused with status 403: ");
}

#[tokio::test]
async fn an_error_is_not_read_for_ever() {
    let (steps, script) = Script::stream_of("application/xml");
    steps.send(vec![b'x'; 8192]);
    let began = Instant::now();
    let reason = unavailable(fetch(script.with_status(500), 18).await);
    assert_eq!(reason, "refused with status 500: ");
    assert!(began.elapsed() < SILENCE_LIMIT, "{:?}", began.elapsed());
    steps.closed().await;
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = FakeAgent::once(Script::json(PROMPT)).await;
    for status in [301, 302, 307, 308] {
        let redirect = refused(status, "TemporaryRedirect").with_header("location", &elsewhere.url());
        assert!(unavailable(fetch(redirect, 18).await).contains("TemporaryRedirect"));
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn what_breaks_off_is_unavailable() {
    let length = PROMPT.len();
    for script in [
        Script::close(),
        Script::Raw(b"hello\r\n\r\n".to_vec()),
        Script::broken_body("application/json", PROMPT),
        Script::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{").into_bytes()),
    ] {
        unavailable(fetch(script, 100).await);
    }
    let (steps, script) = Script::stream_of("application/json");
    steps.send(PROMPT);
    steps.break_off();
    unavailable(fetch(script, 100).await);
    unavailable(fetch_at(&RefusingPort::bind().url(), 100).await);
}

#[tokio::test]
async fn nothing_is_asked_without_credentials() {
    let s3 = FakeAgent::once(Script::json(PROMPT)).await;
    let objects = S3Objects::new(bucket(&s3.url()), None, noon());
    unavailable(objects.fetch(&key(), 18).await);
    assert_eq!(s3.requests(), []);
}

/// How long a fetch takes that comes to nothing, as the clock of the tests has it: what waits for it alone moves it.
async fn time_until_unavailable(script: Script) -> Duration {
    let s3 = FakeAgent::once(script).await;
    let url = s3.url();
    let fetch = tokio::spawn(async move { fetch_at(&url, 100).await });
    s3.next_request().await;
    tokio::time::pause();
    let began = Instant::now();
    unavailable(fetch.await.unwrap());
    began.elapsed()
}

#[tokio::test]
async fn silence_is_waited_for_only_so_long() {
    let (steps, half) = Script::stream_of("application/json");
    steps.send(&PROMPT[..10]);
    for script in [Script::Never, half] {
        let time = time_until_unavailable(script).await;
        assert!(time <= SILENCE_LIMIT + Duration::from_millis(10) && time < LIMIT, "{time:?}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_upload_that_trickles_is_given_up_on() {
    let (steps, script) = Script::stream_of("application/json");
    let s3 = FakeAgent::once(script).await;
    let url = s3.url();
    let mut fetch = tokio::spawn(async move { fetch_at(&url, 1000).await });
    s3.next_request().await;
    tokio::time::pause();
    let began = Instant::now();
    let fetched = loop {
        steps.send("x");
        tokio::select! {
            fetched = &mut fetch => break fetched.unwrap(),
            () = tokio::time::sleep(SILENCE_LIMIT / 2) => {}
        }
    };
    unavailable(fetched);
    assert!(
        began.elapsed() >= LIMIT - SILENCE_LIMIT && began.elapsed() <= LIMIT + SILENCE_LIMIT,
        "{:?}",
        began.elapsed()
    );
}
