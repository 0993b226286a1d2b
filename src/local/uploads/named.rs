//! Which uploads prompts name.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::protocol::ids::{Principal, UploadId};
use crate::queue::memory::MemoryQueue;
use crate::uploads::UploadKey;

/// The paths of all uploads that a prompt in `queue` names. It is there until its run has ended, so what it names is
/// there whenever a worker reads it, also for the second time.
pub(super) fn in_queue(queue: &MemoryQueue) -> BTreeSet<String> {
    queue.bodies().iter().filter_map(|body| by_message(body)).map(|key| key.path()).collect()
}

/// The upload that the prompt in a queue message names.
fn by_message(body: &str) -> Option<UploadKey> {
    #[derive(Deserialize)]
    struct Named {
        principal: Principal,
        upload: Option<UploadId>,
    }
    let Named { principal, upload } = serde_json::from_str(body).ok()?;
    Some(UploadKey { principal, upload: upload? })
}
