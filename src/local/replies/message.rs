//! Messages as they come, and what SQS checks of them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::refusal::{Reason, Refusal};

/// How many bytes a message may have, and all of a batch (Amazon SQS quotas: message size).
pub const MAX_BYTES: usize = 1024 * 1024;

/// How many entries a batch may have (Amazon SQS, `SendMessageBatch`).
const MAX_ENTRIES: usize = 10;

/// The body of `SendMessage`. Attributes are passed over: an agent that is traced sends some, and the relay reads none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    pub(super) queue_url: Option<String>,
    #[serde(flatten)]
    pub(super) message: Message,
}

/// The body of `SendMessageBatch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageBatch {
    pub(super) queue_url: Option<String>,
    #[serde(default)]
    pub(super) entries: Vec<Entry>,
}

/// One message of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) message: Message,
}

/// A message as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    message_body: Option<String>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
    delay_seconds: Option<i64>,
}

/// A message that SQS would take.
#[derive(Debug)]
pub(super) struct Sendable {
    pub(super) body: String,
    pub(super) group: String,
    pub(super) deduplication_id: String,
}

impl Message {
    /// The message, if a FIFO queue without deduplication by content takes it.
    ///
    /// # Errors
    /// [`Refusal`]
    pub(super) fn check(self) -> Result<Sendable, Refusal> {
        let body = self.message_body.filter(|body| !body.is_empty()).ok_or_else(|| Refusal::missing("MessageBody"))?;
        check_body(&body)?;
        let group = self.message_group_id.ok_or_else(|| Refusal::missing("MessageGroupId"))?;
        check_id("MessageGroupId", &group)?;
        let deduplication_id = self.message_deduplication_id.ok_or_else(|| {
            let rule = "the queue does not deduplicate by content, so each message has to bring its own";
            Refusal::invalid("MessageDeduplicationId", rule)
        })?;
        check_id("MessageDeduplicationId", &deduplication_id)?;
        // What is said to be 0 is what the queue does.
        if self.delay_seconds.is_some_and(|seconds| seconds != 0) {
            return Err(Refusal::invalid("DelaySeconds", "a message of a FIFO queue has no delay of its own"));
        }
        Ok(Sendable { body, group, deduplication_id })
    }
}

fn check_body(body: &str) -> Result<(), Refusal> {
    if body.len() > MAX_BYTES {
        let rule = format!("it has {} bytes, and {MAX_BYTES} are allowed", body.len());
        return Err(Refusal::invalid("MessageBody", &rule));
    }
    match body.chars().find(|character| !is_allowed(*character)) {
        None => Ok(()),
        Some(character) => {
            let rule =
                format!("The message has the character U+{:04X}, which SQS does not take.", u32::from(character));
            Err(Refusal::new(Reason::InvalidContents, rule))
        }
    }
}

/// Whether SQS takes `character` in a message (`SendMessage`, `MessageBody`).
#[must_use]
pub fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether SQS takes `id` as a message group or deduplication id (`SendMessage`, `MessageGroupId`).
#[must_use]
pub fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check_id(parameter: &str, id: &str) -> Result<(), Refusal> {
    if is_id(id) {
        return Ok(());
    }
    Err(Refusal::invalid(parameter, "it must be 1 to 128 ASCII letters, digits and punctuation characters"))
}

/// Whether these entries are a batch.
///
/// # Errors
/// [`Refusal`] of the whole batch.
pub(super) fn check_batch(entries: &[Entry]) -> Result<(), Refusal> {
    if entries.is_empty() {
        return Err(Refusal::new(Reason::EmptyBatch, "There should be at least one entry in the request."));
    }
    if entries.len() > MAX_ENTRIES {
        let rule = format!("A request has at most {MAX_ENTRIES} entries, and this one has {}.", entries.len());
        return Err(Refusal::new(Reason::TooManyEntries, rule));
    }
    if !entries.iter().all(|entry| is_entry_id(&entry.id)) {
        let rule = "An entry's Id must be 1 to 80 letters, digits, hyphens and underscores.";
        return Err(Refusal::new(Reason::InvalidEntryId, rule));
    }
    let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    if ids.len() < entries.len() {
        return Err(Refusal::new(Reason::EntryIdsNotDistinct, "Two entries have the same Id."));
    }
    let bodies = entries.iter().filter_map(|entry| entry.message.message_body.as_ref());
    let bytes: usize = bodies.map(String::len).sum();
    if bytes > MAX_BYTES {
        let rule = format!("All messages of a batch may have {MAX_BYTES} bytes, and these have {bytes}.");
        return Err(Refusal::new(Reason::BatchTooLong, rule));
    }
    Ok(())
}

fn is_entry_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=80).contains(&id.len()) && id.bytes().all(is_allowed)
}
