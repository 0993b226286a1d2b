//! What is offered to who wants to upload.

use std::time::Duration;

use agentcore_gateway::agent::sign::{Scope, Unsigned, presigned_url};
use agentcore_gateway::uploads::s3::S3Offers;
use agentcore_gateway::uploads::{OfferError, UploadOffers};
use reqwest::Url;

use super::{NOW, bucket, credentials, key, noon, provider};

#[tokio::test]
async fn the_url_is_for_one_put_of_so_many_bytes_of_json_and_for_five_minutes() {
    let base = "https://gateway-uploads-0123.s3.us-west-2.amazonaws.com";
    let url = S3Offers::new(bucket(base), provider(), noon()).offer(&key(), 12_345).await.unwrap();
    let address = format!("{base}/{}", key().path());
    let headers = [("content-length", "12345"), ("content-type", "application/json"), ("if-none-match", "*")];
    let put = Unsigned { method: "PUT", url: &address, headers: &headers, body: b"" };
    let scope = Scope { service: "s3", region: "us-west-2" };
    let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0);
    let expected = presigned_url(put, Duration::from_secs(300), &credentials(), scope, time).unwrap();
    assert_eq!(url, expected);
    let url = Url::parse(&url).unwrap();
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["X-Amz-SignedHeaders"], "content-length;content-type;host;if-none-match");
    assert_eq!(query["X-Amz-Expires"], "300");
    assert_eq!(query["X-Amz-Security-Token"], "TO/KEN==");
}

#[tokio::test]
async fn the_bucket_may_be_in_the_path() {
    for base in ["http://127.0.0.1:4566/gateway-uploads-0123", "http://127.0.0.1:4566/gateway-uploads-0123/"] {
        let url = S3Offers::new(bucket(base), provider(), noon()).offer(&key(), 1).await.unwrap();
        let expected = format!("http://127.0.0.1:4566/gateway-uploads-0123/{}?", key().path());
        assert!(url.starts_with(&expected), "{expected}");
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_offered() {
    let offers = S3Offers::new(bucket("https://b.s3.us-west-2.amazonaws.com"), None, noon());
    assert!(matches!(offers.offer(&key(), 1).await, Err(OfferError::Unavailable(_))));
}
