//! The DynamoDB table that holds sessions, connections and journals.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | connection | `CONNECTION#<connection id>` | `-` |
//! | session | `SESSION#<principal>#<session id>` | `-` |
//! | segment of a journal | `RUN#<principal>#<session id>#<request id>` | number of its first frame, 10 digits |
//! | name of a run whose agent may go on by itself | `REPLY#<run>` | `-` |
//!
//! `<principal>` is the first 32 hex digits of its SHA-256. A request id holds no `#`, so no two runs share a key. Every
//! item has `expires_at`, in seconds since the Unix epoch; DynamoDB deletes days late, so it is checked on every read.

mod attributes;
mod update;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::digest::short_hex;
use crate::session::store::StoreError;
use crate::session::{RunKey, SessionKey};

pub(crate) use attributes::{Attributes, malformed};
pub(crate) use update::Update;

/// An item, or a part of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table. Its items are described in the [module](self).
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Table {
    /// The table called `name`, reached through `client`.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }
}

/// The sort key of items that stand alone.
const ALONE: &str = "-";

/// The key of an item that stands alone under `partition`.
pub(crate) fn key_of(partition: String) -> Item {
    key(partition, ALONE)
}

/// The key of an item.
pub(crate) fn key(partition: String, sort: impl Into<String>) -> Item {
    let values = [("pk", partition), ("sk", sort.into())];
    values.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).collect()
}

/// The partition of a session.
pub(crate) fn session_partition(key: &SessionKey) -> String {
    format!("SESSION#{}#{}", short_hex(&[key.principal.as_str()]), key.session)
}

/// The partition of a run's journal.
pub(crate) fn run_partition(run: &RunKey) -> String {
    let SessionKey { principal, session } = &run.session;
    format!("RUN#{}#{session}#{}", short_hex(&[principal.as_str()]), run.request)
}

/// `moment` as `expires_at` has it: whole seconds, never too early.
pub(crate) fn expiry(moment: Timestamp) -> AttributeValue {
    number(moment.0.div_ceil(1000))
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A failed call as the engine knows it.
pub(crate) fn store_error<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("ProvisionedThroughputExceededException" | "RequestLimitExceeded" | "ThrottlingException") => {
            StoreError::Throttled
        }
        _ => StoreError::Unavailable(DisplayErrorContext(error).to_string()),
    }
}
