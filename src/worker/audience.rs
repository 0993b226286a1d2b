//! Who is to get a run.

use tokio::sync::watch;

use crate::protocol::frame::Seq;
use crate::session::Attachments;

/// Who is to get the run, as the session said last.
#[derive(Debug, Clone, Default)]
pub(super) struct Audience {
    /// The connections and their cursors.
    pub(super) attachments: Attachments,
    /// From behind which frame a connection that is new here gets the log: it was attached after that was written.
    pub(super) live_from: Seq,
}

/// A change of the audience is sent only if there is one.
pub(super) fn announce(sender: &watch::Sender<Audience>, audience: Audience) {
    sender.send_if_modified(|current| {
        let has_changed = current.attachments != audience.attachments;
        *current = audience;
        has_changed
    });
}
