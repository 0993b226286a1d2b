//! Which uploads prompts name.

use std::collections::BTreeSet;

use crate::protocol::invocation::PromptContent;
use crate::queue::memory::MemoryQueue;
use crate::queue::payload::QueuedPrompt;
use crate::uploads::UploadKey;

/// The paths of all uploads that a prompt in `queue` names. It is there until its run has ended, so what it names is
/// there whenever a worker reads it, also for the second time.
pub(super) fn in_queue(queue: &MemoryQueue) -> BTreeSet<String> {
    let bodies = queue.bodies();
    // Most prompts name none, and are not worth reading.
    let naming = bodies.iter().filter(|body| body.contains(r#""upload":"#));
    naming.filter_map(|body| by_message(body)).map(|key| key.path()).collect()
}

/// The upload that the prompt in a queue message names.
fn by_message(body: &str) -> Option<UploadKey> {
    let prompt = QueuedPrompt::decode(body).ok()?;
    match prompt.body {
        PromptContent::Uploaded(upload) => Some(UploadKey { principal: prompt.run.session.principal, upload }),
        PromptContent::Given(_) => None,
    }
}
