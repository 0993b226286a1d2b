//! What is offered, comes, and is kept.

use std::collections::HashMap;

use bytes::Bytes;
use http::StatusCode;
use subtle::ConstantTimeEq;

use super::head::Put;
use super::refusal::Refusal;
use super::store::{MAX_AT_ONCE, MAX_OFFERS};
use crate::clock::Timestamp;
use crate::uploads::KEPT_FOR;

/// What an upload takes of the room at least, for there is more to keep than its bytes.
const LEAST: u64 = 4096;

/// What a key stands for.
#[derive(Debug)]
struct Upload {
    /// Later ones have higher numbers. It counts from the offer, and once more from when it comes.
    number: u64,
    token: String,
    bytes: u64,
    offered_until: Timestamp,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Offered,
    Coming,
    Kept { bytes: Bytes, until: Timestamp },
}

/// All uploads, by their paths.
#[derive(Debug)]
pub(super) struct State {
    room: u64,
    /// How much of the room is taken by what comes and what is kept.
    taken: u64,
    coming: usize,
    last_number: u64,
    uploads: HashMap<String, Upload>,
}

impl State {
    pub(super) fn new(room: u64) -> Self {
        Self { room, taken: 0, coming: 0, last_number: 0, uploads: HashMap::new() }
    }

    /// Lets an upload come to `path` until `until`.
    pub(super) fn offer(&mut self, path: String, token: String, bytes: u64, until: Timestamp) {
        let offers = self.uploads.iter().filter(|(_, upload)| matches!(upload.content, Content::Offered));
        let oldest = offers.clone().min_by_key(|(_, upload)| upload.number).map(|(path, _)| path.clone());
        if offers.count() >= MAX_OFFERS {
            oldest.and_then(|path| self.uploads.remove(&path));
        }
        let number = self.next_number();
        let upload = Upload { number, token, bytes, offered_until: until, content: Content::Offered };
        self.uploads.insert(path, upload);
    }

    /// Whether there is, or could be made, room for `bytes` more.
    pub(super) fn has_room(&self, bytes: u64, is_named: impl Fn(&str) -> bool) -> bool {
        self.to_drop(bytes, is_named).is_some()
    }

    /// Takes the upload that `put` begins, if it is as it was offered.
    ///
    /// # Errors
    /// [`Refusal`]
    pub(super) fn begin(
        &mut self,
        put: &Put<'_>,
        now: Timestamp,
        is_named: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let busy = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "Too much is uploaded at the moment; try again.");
        let upload = self.uploads.get(put.path);
        let upload = upload.filter(|upload| upload.token.as_bytes().ct_eq(put.token.as_bytes()).into());
        // Whether a path is known is nobody's business who does not know its secret.
        let upload = upload.ok_or_else(|| Refusal::forbidden("This address was never given for an upload."))?;
        if upload.offered_until <= now {
            return Err(Refusal::forbidden("This address has expired; ask for another."));
        }
        if upload.bytes != put.bytes {
            return Err(Refusal::forbidden("The upload has another length than the one that was asked for."));
        }
        match upload.content {
            Content::Offered => {}
            Content::Coming => {
                return Err(Refusal::new(StatusCode::CONFLICT, "This upload is on its way already; try again."));
            }
            Content::Kept { .. } => {
                return Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "This was uploaded already."));
            }
        }
        if self.coming >= MAX_AT_ONCE {
            return Err(busy);
        }
        for path in self.to_drop(put.bytes, is_named).ok_or(busy)? {
            self.remove(&path);
        }
        let number = self.next_number();
        if let Some(upload) = self.uploads.get_mut(put.path) {
            (upload.number, upload.content) = (number, Content::Coming);
            self.taken += room_of(put.bytes);
            self.coming += 1;
        }
        Ok(())
    }

    /// Keeps what has come to `path`; `None`: it broke off, and may come again.
    pub(super) fn end(&mut self, path: &str, bytes: Option<Bytes>, now: Timestamp) {
        let Some(upload) = self.uploads.get_mut(path) else { return };
        self.coming -= 1;
        upload.content = match bytes {
            Some(bytes) => Content::Kept { bytes, until: now.after(KEPT_FOR) },
            None => {
                self.taken -= room_of(upload.bytes);
                Content::Offered
            }
        };
    }

    /// What was uploaded to `path`.
    pub(super) fn get(&self, path: &str, now: Timestamp) -> Option<Bytes> {
        match &self.uploads.get(path)?.content {
            Content::Kept { bytes, until } if now < *until => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Forgets what nobody can use any more.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let is_over = |upload: &Upload| match &upload.content {
            Content::Offered => upload.offered_until <= now,
            Content::Coming => false,
            Content::Kept { until, .. } => *until <= now,
        };
        let over = self.uploads.iter().filter(|(_, upload)| is_over(upload)).map(|(path, _)| path.clone());
        for path in over.collect::<Vec<_>>() {
            self.remove(&path);
        }
    }

    /// How much of the room is taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What has to go to make room for `bytes` more: the oldest, and nothing that is named. `None`: that is not enough.
    fn to_drop(&self, bytes: u64, is_named: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let excess = (self.taken + room_of(bytes)).saturating_sub(self.room);
        if excess == 0 {
            return Some(Vec::new());
        }
        let kept = self.uploads.iter().filter(|(_, upload)| matches!(upload.content, Content::Kept { .. }));
        let mut kept: Vec<_> = kept.filter(|(path, _)| !is_named(path)).collect();
        kept.sort_unstable_by_key(|(_, upload)| upload.number);
        let (mut freed, mut dropped) = (0, Vec::new());
        for (path, upload) in kept {
            freed += room_of(upload.bytes);
            dropped.push(path.clone());
            if freed >= excess {
                return Some(dropped);
            }
        }
        None
    }

    fn remove(&mut self, path: &str) {
        if let Some(upload) = self.uploads.remove(path)
            && matches!(upload.content, Content::Kept { .. })
        {
            self.taken -= room_of(upload.bytes);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

fn room_of(bytes: u64) -> u64 {
    bytes.max(LEAST)
}
