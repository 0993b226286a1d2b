//! Signatures against vectors made with botocore.

mod agentcore;
mod s3;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use agentcore_gateway::agent::sign::{Scope, Unsigned, signed_headers};
use aws_credential_types::Credentials;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// 2026-01-15T12:00:00Z, the time of the vectors.
const TIME: Duration = Duration::from_secs(1_768_478_400);

/// A file of vectors.
#[derive(Deserialize)]
struct Fixture<Vector> {
    access_key_id: String,
    secret_access_key: String,
    vectors: Vec<Vector>,
}

impl<Vector: DeserializeOwned> Fixture<Vector> {
    fn read(text: &str) -> Self {
        let fixture: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(fixture["time"], "2026-01-15T12:00:00Z");
        serde_json::from_value(fixture).unwrap()
    }

    fn credentials(&self, token: Option<&String>) -> Credentials {
        let (id, secret) = (self.access_key_id.as_str(), self.secret_access_key.as_str());
        Credentials::new(id, secret, token.cloned(), None, "test")
    }
}

fn pairs(headers: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The headers that sign a request at some time after 1970, by their names in lower case.
fn signed_at(
    time: Duration,
    unsigned: Unsigned<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
) -> BTreeMap<String, String> {
    let signed = signed_headers(unsigned, credentials, scope, SystemTime::UNIX_EPOCH + time).unwrap();
    signed.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}
