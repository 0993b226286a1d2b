//! Signatures for S3, in headers and in URLs, against vectors made with botocore.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, presigned_url, signed_headers};
use aws_credential_types::Credentials;
use reqwest::Url;
use serde::Deserialize;

/// 2026-01-15T12:00:00Z, the time of the vectors.
const TIME: Duration = Duration::from_secs(1_768_478_400);

const SCOPE: Scope<'_> = Scope { service: "s3", region: "us-west-2" };

#[derive(Deserialize)]
struct Fixture {
    access_key_id: String,
    secret_access_key: String,
    time: String,
    vectors: Vec<Vector>,
}

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    session_token: Option<String>,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Expected {
    Query { expires_in: u64, query: BTreeMap<String, String> },
    Headers { signed: BTreeMap<String, String> },
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/sigv4_s3.json")).unwrap()
}

impl Fixture {
    fn sign(&self, vector: &Vector) -> Expected {
        let token = vector.session_token.clone();
        let credentials =
            Credentials::new(self.access_key_id.as_str(), self.secret_access_key.as_str(), token, None, "test");
        let headers: Vec<_> = vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let unsigned = Unsigned { method: &vector.method, url: &vector.url, headers: &headers, body: b"" };
        let time = SystemTime::UNIX_EPOCH + TIME;
        match &vector.expected {
            Expected::Query { expires_in, .. } => {
                let valid_for = Duration::from_secs(*expires_in);
                let url = presigned_url(unsigned, valid_for, &credentials, SCOPE, time).unwrap();
                assert_eq!(url.split_once('?').unwrap().0, vector.url, "{}", vector.name);
                let query = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
                Expected::Query { expires_in: *expires_in, query }
            }
            Expected::Headers { .. } => {
                let signed = signed_headers(unsigned, &credentials, SCOPE, time).unwrap().into_iter();
                let signed = signed.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
                Expected::Headers { signed }
            }
        }
    }
}

#[test]
fn signatures_for_s3_are_those_of_botocore() {
    let fixture = fixture();
    assert_eq!((fixture.time.as_str(), fixture.vectors.len()), ("2026-01-15T12:00:00Z", 12));
    for vector in &fixture.vectors {
        assert_eq!(fixture.sign(vector), vector.expected, "{}", vector.name);
    }
}

#[test]
fn a_presigned_url_depends_on_all_that_is_signed() {
    let fixture = fixture();
    let signature = |change: fn(&mut Vector)| {
        let mut vector = fixture.vectors[1].clone();
        change(&mut vector);
        let Expected::Query { query, .. } = fixture.sign(&vector) else { panic!("it is a URL") };
        query["X-Amz-Signature"].clone()
    };
    let original = signature(|_| {});
    assert_eq!(original, signature(|_| {}));
    let changes: [fn(&mut Vector); 7] = [
        |vector| vector.url.push('0'),
        |vector| vector.url = vector.url.replace("gateway-uploads", "gateway-upload2"),
        |vector| vector.method = "GET".to_owned(),
        |vector| vector.session_token = None,
        |vector| drop(vector.headers.insert("content-length".to_owned(), "20000001".to_owned())),
        |vector| drop(vector.headers.remove("if-none-match")),
        |vector| vector.expected = Expected::Query { expires_in: 301, query: BTreeMap::new() },
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_ne!(original, signature(change), "change {at}");
    }
}
