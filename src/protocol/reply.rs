//! What an agent is given that may go on by itself, and what it proves that it was given that.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::ids::{InvalidId, ReplyRun};
use crate::digest;

/// How many random bytes a token holds.
const TOKEN_BYTES: usize = 32;

/// The secret by which the messages of a run's agent are known: 32 random bytes in base64url (RFC 4648, section 5),
/// without padding. It cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplyToken(String);

impl ReplyToken {
    /// The rule that every token keeps, as the end of a sentence ("must be …").
    pub const RULE: &'static str = "32 bytes in base64url without padding";

    /// The token of 32 random bytes, 16 in each half.
    #[must_use]
    pub fn new(halves: [u128; 2]) -> Self {
        Self(BASE64URL_NOPAD.encode(halves.map(u128::to_be_bytes).as_flattened()))
    }

    /// Takes `text` if it keeps the rule.
    ///
    /// # Errors
    /// [`InvalidId`]
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        if bytes.is_ok_and(|bytes| bytes.len() == TOKEN_BYTES) { Ok(Self(text)) } else { Err(InvalidId(Self::RULE)) }
    }

    /// The secret itself, for the agent.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(digest::hex(&[&self.0]))
    }
}

impl fmt::Debug for ReplyToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReplyToken(…)")
    }
}

impl TryFrom<String> for ReplyToken {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl From<ReplyToken> for String {
    fn from(token: ReplyToken) -> Self {
        token.0
    }
}

/// The SHA-256 (FIPS 180-4) of a token's text, in hex: enough to know the token by, and of no use to who reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(pub String);

impl TokenHash {
    /// Whether this is the hash of `token`. How long that takes tells nothing of either.
    #[must_use]
    pub fn is_of(&self, token: &ReplyToken) -> bool {
        self.0.as_bytes().ct_eq(token.hash().0.as_bytes()).into()
    }
}

/// Where an agent that goes on by itself sends its messages: the member `gatewayReply` of its invocation body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayReply {
    /// Which queue.
    #[serde(flatten)]
    pub queue: ReplyQueue,
    /// The message group of all messages of this run.
    pub group: String,
    /// The run.
    pub run: ReplyRun,
    /// Its secret.
    pub token: ReplyToken,
}

impl GatewayReply {
    /// The member's value, a JSON text.
    #[must_use]
    pub(super) fn to_json(&self) -> String {
        // A plain structure with text keys: there is nothing in it that JSON does not have.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The queue that agents send to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplyQueue {
    /// Its URL, as SQS knows it.
    pub queue_url: String,
    /// The region that it is in.
    pub region: String,
    /// Where it is reached, if that is not where SQS is in that region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
}
