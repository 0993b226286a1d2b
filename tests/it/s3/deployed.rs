//! A bucket as it is deployed, on an emulator that holds each call to the caller's role: `make emulator-test`.
//!
//! `UPLOADS_URL` says where the bucket is, and `OFFERS_CREDENTIALS` and `READS_CREDENTIALS` are those of the two functions.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use agentcore_gateway::clock::{Clock, SystemClock, Timestamp};
use agentcore_gateway::protocol::ids::{Principal, UploadId};
use agentcore_gateway::uploads::s3::{Bucket, S3Objects, S3Offers};
use agentcore_gateway::uploads::{FetchError, OFFERED_FOR, UploadKey, UploadOffers, Uploads};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::{CONTENT_TYPE, IF_NONE_MATCH};
use serde::Deserialize;

/// As STS gives them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Session {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by tests/emulator/test_uploads.py"))
}

fn bucket() -> Bucket {
    Bucket::at(&variable("UPLOADS_URL").parse().unwrap(), variable("AWS_REGION"))
}

fn credentials(name: &str) -> Option<SharedCredentialsProvider> {
    let session: Session = serde_json::from_str(&variable(name)).unwrap();
    let token = Some(session.session_token);
    let credentials = Credentials::new(session.access_key_id, session.secret_access_key, token, None, "test");
    Some(SharedCredentialsProvider::new(credentials))
}

fn offers(clock: impl Clock + 'static) -> S3Offers {
    S3Offers::new(bucket(), credentials("OFFERS_CREDENTIALS"), Arc::new(clock))
}

fn objects(of: &str) -> S3Objects {
    S3Objects::new(bucket(), credentials(of), Arc::new(SystemClock))
}

/// An upload that no other test has.
fn unused() -> UploadKey {
    UploadKey { principal: Principal::parse("ada").unwrap(), upload: UploadId::new(rand::random()) }
}

/// The status of the answer to a PUT.
async fn put(url: &str, body: &str) -> u16 {
    let request = reqwest::Client::new().put(url).header(CONTENT_TYPE, "application/json").header(IF_NONE_MATCH, "*");
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

/// What was as long ago as it takes an offer to end, and some seconds for this machine.
struct TooLongAgo;

impl Clock for TooLongAgo {
    fn now(&self) -> Timestamp {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp((now - OFFERED_FOR - Duration::from_secs(5)).as_millis().try_into().unwrap())
    }
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn what_is_offered_is_put_once_and_read_as_it_came() {
    let (key, text) = (unused(), format!("{{\"prompt\":\"{}\"}}", "x".repeat(2_000_000)));
    let url = offers(SystemClock).offer(&key, text.len() as u64).await.unwrap();
    assert_eq!(put(&url, &text[1..]).await, 403);
    assert_eq!(put(&url, &text).await, 200);
    assert_eq!(put(&url, &text.replace('x', "y")).await, 412);
    assert!(objects("READS_CREDENTIALS").fetch(&key, text.len() as u64).await.unwrap() == text);
    let limit = text.len() as u64 - 1;
    assert_eq!(objects("READS_CREDENTIALS").fetch(&key, limit).await, Err(FetchError::TooLarge { limit }));
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn an_offer_ends() {
    let (key, text) = (unused(), r#"{"prompt":"hello"}"#);
    let url = offers(TooLongAgo).offer(&key, text.len() as u64).await.unwrap();
    assert_eq!(put(&url, text).await, 403);
    assert_eq!(objects("READS_CREDENTIALS").fetch(&key, 100).await, Err(FetchError::Missing));
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn what_never_came_is_missing() {
    assert_eq!(objects("READS_CREDENTIALS").fetch(&unused(), 100).await, Err(FetchError::Missing));
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn who_may_not_read_is_told_nothing_of_the_upload() {
    let (key, text) = (unused(), r#"{"prompt":"hello"}"#);
    let url = offers(SystemClock).offer(&key, text.len() as u64).await.unwrap();
    assert_eq!(put(&url, text).await, 200);
    let expected = FetchError::Unavailable("refused with status 403: AccessDenied".to_owned());
    for key in [key, unused()] {
        assert_eq!(objects("OFFERS_CREDENTIALS").fetch(&key, 100).await, Err(expected.clone()));
    }
}
