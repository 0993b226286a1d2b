//! Reading an item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use crate::clock::Timestamp;
use crate::session::store::StoreError;

/// An item that does not hold what it should: somebody else has written to the table.
pub(crate) fn malformed(attribute: &str) -> StoreError {
    StoreError::Unavailable(format!("an item of the table has no valid {attribute:?}"))
}

/// Typed access to the attributes of an item.
pub(crate) trait Attributes {
    /// The text `name`.
    fn text(&self, name: &str) -> Result<&str, StoreError>;
    /// The whole number `name`.
    fn number(&self, name: &str) -> Result<u64, StoreError>;
    /// The moment `name`, in milliseconds.
    fn moment(&self, name: &str) -> Result<Timestamp, StoreError>;
    /// Whether the item's time is over.
    fn has_expired(&self, now: Timestamp) -> bool;
}

impl Attributes for Item {
    fn text(&self, name: &str) -> Result<&str, StoreError> {
        self.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| malformed(name))
    }

    fn number(&self, name: &str) -> Result<u64, StoreError> {
        self.get(name).and_then(number).ok_or_else(|| malformed(name))
    }

    fn moment(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp)
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.number("expires_at").is_ok_and(|at| at.saturating_mul(1000) <= now.0)
    }
}

fn number(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}
