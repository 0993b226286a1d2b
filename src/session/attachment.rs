//! A connection's place in a session, and in its runs.

use std::time::Duration;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::protocol::frame::Seq;
use crate::protocol::ids::{ConnectionId, RequestId};

/// The connections of a session, by their ids. Mostly there is one, and a sorted list of one takes a fraction of the room of
/// a B-tree's node.
pub type Attachments = LiteMap<ConnectionId, Attachment>;

/// Tells one replay to a connection from the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplayId(pub String);

impl ReplayId {
    /// Whether the cursor was written before replays had names.
    fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }
}

/// From where on a connection gets the frames of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// All frames from the moment it was attached.
    Live,
    /// As `Live`, of a connection that is just being made: for a moment it may still look gone.
    Connecting,
    /// Nothing of this run yet: a replay from the journal is under way. Other runs as with `Live`.
    Held {
        /// The run that is being replayed.
        request: RequestId,
        /// The replay, which alone may move the cursor on.
        #[serde(default, skip_serializing_if = "ReplayId::is_unknown")]
        replay: ReplayId,
        /// The frame behind which the replay began.
        #[serde(default, skip_serializing_if = "is_beginning")]
        after: Seq,
    },
    /// This run from behind `seq`, which was replayed up to there. Other runs as with `Live`.
    After {
        /// The run that was replayed.
        request: RequestId,
        /// The last frame that the connection was sent.
        seq: Seq,
        /// When it was last tried, if it is slow. (The name in the table is older than that.)
        #[serde(default, rename = "taken_at", skip_serializing_if = "Option::is_none")]
        tried_at: Option<Timestamp>,
        /// Since when it has been tried again and again, in vain: after a while it is detached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failing_since: Option<Timestamp>,
    },
}

/// Written only where it says something, as before replays had names: so what an older version has written is written
/// the same again, and compares equal.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_beginning(after: &Seq) -> bool {
    *after == 0
}

/// A connection's place in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is to be sent.
    pub cursor: Cursor,
    /// When it was attached; a resume attaches it anew.
    pub attached_at: Timestamp,
}

/// For so long a cursor stays held. Then the replay's process must have died, or stands still, and the run's worker or the relay
/// sends what the replay was to send.
pub const HOLD: Duration = Duration::from_secs(60);

/// From where on a connection is to be sent the frames of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// From when it was attached.
    Live,
    /// From behind this frame.
    After(Seq),
    /// From behind frame `after`, but not before `until`: it is being replayed to.
    Held { until: Timestamp, after: Seq },
}

/// For so long a connection that `$connect` has attached may look gone, for that has not returned yet: API Gateway waits
/// 29 seconds for it.
const CONNECTING: Duration = Duration::from_secs(30);

impl Cursor {
    /// The cursor of a connection that was sent the run of `request` up to frame `seq`.
    #[must_use]
    pub fn after(request: &RequestId, seq: Seq) -> Self {
        Self::After { request: request.clone(), seq, tried_at: None, failing_since: None }
    }
}

impl Attachment {
    /// Until when a connection that looks gone may be one that is just being made.
    pub(crate) fn connecting_until(&self) -> Timestamp {
        match self.cursor {
            // One that was slow to be made may have become one that is behind.
            Cursor::Connecting | Cursor::After { tried_at: Some(_), .. } => self.attached_at.after(CONNECTING),
            _ => Timestamp(0),
        }
    }

    /// The connection's place in the run of `request`.
    pub(crate) fn place_in(&self, request: &RequestId) -> Place {
        match &self.cursor {
            Cursor::Held { request: held, after, .. } if held == request => {
                Place::Held { until: self.attached_at.after(HOLD), after: *after }
            }
            Cursor::After { request: replayed, seq, .. } if replayed == request => Place::After(*seq),
            _ => Place::Live,
        }
    }
}
