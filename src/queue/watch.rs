//! What stands in a message of the watch queue: a run whose agent goes on by itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tag::{self, MalformedPayload, Unreadable, VERSION};
use crate::protocol::ids::{Principal, RequestId, SessionId};
use crate::session::{RunKey, SessionKey};

const KIND: &str = "watch";

/// A run is looked at after this at the latest; so long SQS delays a message, too.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// A run to look after until it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The run.
    pub run: RunKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    version: u64,
    principal: Principal,
    session_id: SessionId,
    request_id: RequestId,
}

impl Watch {
    /// The queue message's body.
    #[must_use]
    #[expect(clippy::expect_used, reason = "string keys and plain data always serialise")]
    pub fn encode(&self) -> String {
        let RunKey { session: SessionKey { principal, session }, request } = self.run.clone();
        let (kind, version) = (KIND.to_owned(), VERSION);
        let payload = Payload { kind, version, principal, session_id: session, request_id: request };
        serde_json::to_string(&payload).expect("a payload is plain data")
    }

    /// Reads a queue message's body.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        tag::check(body, KIND)?;
        let payload: Payload = serde_json::from_str(body).map_err(MalformedPayload::Json)?;
        let session = SessionKey { principal: payload.principal, session: payload.session_id };
        Ok(Self { run: RunKey { session, request: payload.request_id } })
    }
}
