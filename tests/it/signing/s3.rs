//! S3, in headers and in URLs.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, presigned_url};
use reqwest::Url;
use serde::Deserialize;

use super::{TIME, pairs, signed_at};

type Fixture = super::Fixture<Vector>;

const SCOPE: Scope<'_> = Scope { service: "s3", region: "us-west-2" };

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
    Fixture::read(include_str!("../../fixtures/sigv4_s3.json"))
}

fn sign(fixture: &Fixture, vector: &Vector) -> Expected {
    let credentials = fixture.credentials(vector.session_token.as_ref());
    let headers = pairs(&vector.headers);
    let unsigned = Unsigned { method: &vector.method, url: &vector.url, headers: &headers, body: b"" };
    match &vector.expected {
        Expected::Query { expires_in, .. } => {
            let valid_for = Duration::from_secs(*expires_in);
            let time = SystemTime::UNIX_EPOCH + TIME;
            let url = presigned_url(unsigned, valid_for, &credentials, SCOPE, time).unwrap();
            assert_eq!(url.split_once('?').unwrap().0, vector.url, "{}", vector.name);
            let query = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
            Expected::Query { expires_in: *expires_in, query }
        }
        Expected::Headers { .. } => Expected::Headers { signed: signed_at(TIME, unsigned, &credentials, SCOPE) },
    }
}

#[test]
fn signatures_for_s3_are_those_of_botocore() {
    let fixture = fixture();
    assert_eq!(fixture.vectors.len(), 12);
    for vector in &fixture.vectors {
        assert_eq!(sign(&fixture, vector), vector.expected, "{}", vector.name);
    }
}

#[test]
fn a_presigned_url_depends_on_all_that_is_signed() {
    let fixture = fixture();
    let signature = |change: fn(&mut Vector)| {
        let mut vector = fixture.vectors[1].clone();
        change(&mut vector);
        let Expected::Query { query, .. } = sign(&fixture, &vector) else { panic!("it is a URL") };
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
