//! Identifiers, parsed at the edge: inside the gateway an id that exists is valid.
//!
//! Each goes into many keys and messages, so its copies share one text.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Why a text is not a valid identifier: the rule it breaks, as the end of a sentence ("must be …").
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct InvalidId(pub &'static str);

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $rule:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The rule that every value of this type keeps, as the end of a sentence ("must be …").
            pub const RULE: &'static str = $rule;

            /// Takes `text` if it keeps the rule.
            ///
            /// # Errors
            /// [`InvalidId`] with the rule that is broken.
            pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidId> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidId(Self::RULE)) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                Self::from(&*id.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// A conversation, as its client names it. Two principals with one `SessionId` have two sessions.
    SessionId,
    "a string of 1 to 256 bytes without control characters",
    |text| (1..=256).contains(&text.len()) && !text.chars().any(char::is_control)
);

identifier!(
    /// One prompt of a session: the idempotency key.
    RequestId,
    "1 to 64 characters of A-Z a-z 0-9 . _ -",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
);

identifier!(
    /// One WebSocket connection, as API Gateway names it (for example `L0SM9cOFvHcCIhw=`).
    ConnectionId,
    "a string of 1 to 128 bytes",
    |text| (1..=128).contains(&text.len())
);

identifier!(
    /// The name under which an agent is configured, and by which a prompt asks for it.
    AgentName,
    "1 to 64 characters of A-Z a-z 0-9 _ -",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
);

identifier!(
    /// Who a connection belongs to: the `sub` of a token, a Cognito identity or the ARN of a caller, or `anonymous`.
    Principal,
    "a string of 1 to 2048 bytes",
    |text| (1..=2048).contains(&text.len())
);

identifier!(
    /// A run as its agent knows it, if that may go on by itself: the agent names it in its marker and in its messages.
    ReplyRun,
    "\"run-\" and 32 hexadecimal digits",
    |text| text.strip_prefix(RUN_PREFIX).is_some_and(
        |digits| digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    )
);

identifier!(
    /// What a principal has uploaded, or may: 128 random bits.
    UploadId,
    "1 to 64 characters of A-Z a-z 0-9 _ -",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
);

impl UploadId {
    /// The upload of a name that nobody else draws.
    #[must_use]
    pub fn new(bits: u128) -> Self {
        Self(format!("{bits:032x}").into())
    }
}

/// What every [`ReplyRun`] begins with.
pub(crate) const RUN_PREFIX: &str = "run-";

impl ReplyRun {
    /// The run of a name that nobody else draws.
    #[must_use]
    pub fn new(bits: u128) -> Self {
        Self(format!("{RUN_PREFIX}{bits:032x}").into())
    }
}

impl Principal {
    /// The one principal that everybody is where nobody is asked who they are.
    #[must_use]
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    /// Whether this is [`Principal::anonymous`].
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        &*self.0 == "anonymous"
    }
}

impl AgentName {
    /// The agent of a prompt that names none.
    #[must_use]
    pub fn default_agent() -> Self {
        Self("default".into())
    }
}
