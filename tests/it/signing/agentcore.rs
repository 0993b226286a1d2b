//! Headers, as AgentCore and other services want them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, signed_headers};
use aws_credential_types::Credentials;
use serde::Deserialize;

use super::{TIME, pairs, signed_at};

type Fixture = super::Fixture<Vector>;

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    #[serde(default = "agentcore")]
    service: String,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    session_token: Option<String>,
    authorization: String,
}

fn agentcore() -> String {
    "bedrock-agentcore".to_owned()
}

fn fixture() -> Fixture {
    Fixture::read(include_str!("../../fixtures/sigv4.json"))
}

fn sign(fixture: &Fixture, vector: &Vector, time: Duration) -> BTreeMap<String, String> {
    let headers = pairs(&vector.headers);
    let unsigned =
        Unsigned { method: &vector.method, url: &vector.url, headers: &headers, body: vector.body.as_bytes() };
    let scope = Scope { service: &vector.service, region: "us-west-2" };
    signed_at(time, unsigned, &fixture.credentials(vector.session_token.as_ref()), scope)
}

#[test]
fn signatures_are_those_of_botocore() {
    let fixture = fixture();
    assert_eq!(fixture.vectors.len(), 3);
    for vector in &fixture.vectors {
        let mut expected = BTreeMap::from([
            ("authorization".to_owned(), vector.authorization.clone()),
            ("x-amz-date".to_owned(), "20260115T120000Z".to_owned()),
        ]);
        expected.extend(vector.session_token.clone().map(|token| ("x-amz-security-token".to_owned(), token)));
        assert_eq!(sign(&fixture, vector, TIME), expected, "{}", vector.name);
    }
}

#[test]
fn a_signature_depends_on_all_that_is_signed() {
    let fixture = fixture();
    let authorization = |time: Duration, change: fn(&mut Vector)| {
        let mut vector = fixture.vectors[0].clone();
        change(&mut vector);
        sign(&fixture, &vector, time)["authorization"].clone()
    };
    let original = authorization(TIME, |_| {});
    assert_eq!(original, authorization(TIME, |_| {}));
    let changes: [fn(&mut Vector); 6] = [
        |vector| vector.body.push(' '),
        |vector| vector.url.push('x'),
        |vector| vector.url = vector.url.replace("AbCdEf1234", "AbCdEf1235"),
        |vector| vector.method = "GET".to_owned(),
        |vector| vector.service = "events".to_owned(),
        |vector| drop(vector.headers.insert("accept".to_owned(), "application/json".to_owned())),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_ne!(original, authorization(TIME, change), "change {at}");
    }
    assert_ne!(original, authorization(TIME + Duration::from_secs(1), |_| {}));
}

#[test]
fn a_url_that_is_none_cannot_be_signed() {
    let credentials = Credentials::new("id", "secret", None, None, "test");
    let unsigned = Unsigned { method: "POST", url: "http://[", headers: &[], body: b"" };
    let scope = Scope { service: "events", region: "us-west-2" };
    let error = signed_headers(unsigned, &credentials, scope, SystemTime::UNIX_EPOCH).unwrap_err();
    assert!(error.to_string().starts_with("the request could not be signed"), "{error}");
}
