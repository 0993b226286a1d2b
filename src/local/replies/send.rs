//! Putting messages into the queue, of agents that may.

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::warn;

use super::Replies;
use super::admission::admits;
use super::message::{Entry, SendMessage, SendMessageBatch, Sendable, check_batch};
use super::refusal::{Reason, Refusal};
use crate::protocol::ids::ReplyRun;
use crate::queue::QueueError;
use crate::queue::reply::ReplyMessage;

/// How many bytes may wait in the queue. What a group may have (100 messages) bounds no memory where there are many groups.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

impl Replies {
    /// Does `SendMessage`.
    pub(super) async fn send_message(&self, body: &[u8]) -> Result<Value, Refusal> {
        let SendMessage { queue_url, message } = parse(body)?;
        self.check_queue(queue_url.as_deref())?;
        let message = message.check()?;
        self.check_sender(&message.body).await?;
        self.put(&message)
    }

    /// Does `SendMessageBatch`: each entry is taken or refused for itself.
    pub(super) async fn send_message_batch(&self, body: &[u8]) -> Result<Value, Refusal> {
        let SendMessageBatch { queue_url, entries } = parse(body)?;
        self.check_queue(queue_url.as_deref())?;
        check_batch(&entries)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let mut full = None;
        for Entry { id, message } in entries {
            let sent = match (&full, message.check()) {
                // What comes behind a message that found no room must not find it, or the order would be another.
                (Some(refusal), _) => Err(Refusal::clone(refusal)),
                (None, Err(refusal)) => Err(refusal),
                (None, Ok(message)) => self.check_sender(&message.body).await.and_then(|()| self.put(&message)),
            };
            match sent {
                Ok(mut entry) => {
                    entry["Id"] = id.into();
                    successful.push(entry);
                }
                Err(refusal) => {
                    failed.push(refusal.of_entry(&id));
                    full = full.or((refusal.reason == Reason::Throttled).then_some(refusal));
                }
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    fn check_queue(&self, url: Option<&str>) -> Result<(), Refusal> {
        match url {
            None => Err(Refusal::missing("QueueUrl")),
            Some(url) if url == self.tools.queue_url => Ok(()),
            Some(_) => Err(Refusal::new(Reason::NoSuchQueue, "The specified queue does not exist.")),
        }
    }

    /// Whether `body` is a message of an agent that may send it.
    async fn check_sender(&self, body: &str) -> Result<(), Refusal> {
        let message = ReplyMessage::decode(body).map_err(|error| {
            Refusal::new(Reason::InvalidContents, format!("The message is none of an agent's reply: {error}."))
        })?;
        let now = self.tools.clock.now();
        let Some(run) = self.tools.runs.run_of(&message.run, now).await? else { return Err(denied(&message.run)) };
        let session = self.tools.sessions.load(&run.session, now).await?;
        if admits(&session, &message.run, &message.token) { Ok(()) } else { Err(denied(&message.run)) }
    }

    fn put(&self, message: &Sendable) -> Result<Value, Refusal> {
        let Sendable { body, group, deduplication_id } = message;
        if self.tools.queue.bytes() + body.len() > MAX_WAITING_BYTES {
            return Err(QueueError::Full.into());
        }
        let number = self.tools.queue.put(group, deduplication_id, body)?;
        Ok(json!({
            "MessageId": number.to_string(),
            "MD5OfMessageBody": HEXLOWER.encode(&Md5::digest(body)),
            // Twenty digits, as those of SQS.
            "SequenceNumber": format!("{number:020}"),
        }))
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new(Reason::Unreadable, format!("The request cannot be read: {error}.")))
}

/// One answer for all: who has no token learns nothing of runs.
fn denied(run: &ReplyRun) -> Refusal {
    warn!(%run, "refused a message of an agent: the run is not known, has ended, or has another token");
    let message = "This run is not known or has ended, or the token is not its own. Trying again does not help.";
    Refusal::new(Reason::AccessDenied, message)
}
