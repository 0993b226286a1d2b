//! Uploads on S3, on a real socket.

mod deployed;
mod objects;
mod offers;

use std::sync::Arc;

use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::protocol::ids::{Principal, UploadId};
use agentcore_gateway::uploads::UploadKey;
use agentcore_gateway::uploads::s3::Bucket;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

/// 2026-01-15T12:00:00Z
const NOW: Timestamp = Timestamp(1_768_478_400_000);

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn noon() -> Arc<dyn Clock> {
    Arc::new(Noon)
}

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("TO/KEN==".to_owned()), None, "test")
}

fn provider() -> Option<SharedCredentialsProvider> {
    Some(SharedCredentialsProvider::new(credentials()))
}

fn bucket(url: &str) -> Bucket {
    Bucket::at(&url.parse().unwrap(), "us-west-2")
}

/// An upload of `ada`.
fn key() -> UploadKey {
    UploadKey { principal: Principal::parse("ada").unwrap(), upload: UploadId::new(7) }
}
