//! How slow a connection is itself: a freeze of whoever pushes to it is none of its fault, and counts for little.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::push::PushError;
use serde_json::Value;
use tokio::time::Instant;

use super::detached::DetachedRuns;
use super::owed::Owed;
use super::process::Process;
use super::verifier::Who;

/// A device that takes nothing for 30 s is detached; the last pause before that may be 2 s, and is not waited for.
const NOTHING: Duration = Duration::from_secs(27);

/// Whoever announces an ending waits for 5 s.
const SLOW: Duration = Duration::from_secs(4);

/// Attempts that are further apart than the longest pause between two tries are not about the same frame, unless their
/// process stood still between them.
const PAUSE: Duration = Duration::from_secs(5);

/// The same of attempts of several relays.
const BETWEEN_RELAYS: Duration = Duration::from_secs(45);

/// No attempt counts for more, nor a pause.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Attempts without success of a process to push one run to one connection.
#[derive(Clone, Copy)]
struct Tries {
    since: Instant,
    ended: Instant,
    /// How long they took, as far as that counts.
    spent: Duration,
    /// How long those took during which the process never stood still.
    steady: Duration,
    freezes: usize,
}

type Key = (usize, String, String);

/// Attempts without success to push one run to one connection, whoever made them: from when on, and when the last one ended.
struct Failing {
    since: Instant,
    ended: Instant,
}

#[derive(Clone)]
pub struct Slowness {
    owed: Owed,
    detached: DetachedRuns,
    tries: Arc<Mutex<HashMap<Key, Tries>>>,
    /// Since when a connection takes nothing of a run, whoever pushes it.
    failing: Arc<Mutex<HashMap<(String, Who), Failing>>>,
}

impl Slowness {
    pub fn new(owed: Owed, detached: DetachedRuns) -> Self {
        Self { owed, detached, tries: Arc::default(), failing: Arc::default() }
    }

    /// A relay tries a device for two seconds with each batch, and another relay with the next: what counts is for how long
    /// it has been tried in vain, without a pause that is longer than between two heartbeats.
    fn note(&self, attempt: &Attempt) {
        let connection = &attempt.key.1;
        let Some(who) = self.owed.who(connection, &attempt.message) else { return };
        let key = (connection.clone(), who);
        let mut failing = self.failing.lock().unwrap();
        if attempt.has_succeeded {
            failing.remove(&key);
            return;
        }
        let new = Failing { since: attempt.began, ended: attempt.began };
        let known = failing.entry(key.clone()).or_insert(new);
        if attempt.began > known.ended + BETWEEN_RELAYS {
            known.since = attempt.began;
        }
        known.ended = Instant::now();
        if self.detached.is_detached(&key.1) && known.since.elapsed() >= NOTHING {
            self.owed.took_nothing(connection, known.since, NOTHING);
        }
    }

    /// Notes an attempt until it ends, or is dropped.
    pub fn begin(&self, process: &Process, connection: &str, message: &Value) -> Attempt {
        let now = Instant::now();
        let key = (process.id(), connection.to_owned(), message["requestId"].to_string());
        let mut tries = self.tries.lock().unwrap();
        let new =
            Tries { since: now, ended: now, spent: Duration::ZERO, steady: Duration::ZERO, freezes: process.freezes() };
        let known = tries.entry(key.clone()).or_insert(new);
        if now > known.ended + PAUSE && known.freezes == new.freezes {
            *known = new;
        }
        let pause = (now - known.ended).min(LONGEST_PAUSE);
        known.spent += pause;
        known.steady += pause;
        known.freezes = new.freezes;
        let message = serde_json::json!({"sessionId": message["sessionId"], "requestId": message["requestId"]});
        Attempt {
            slowness: self.clone(),
            process: process.clone(),
            key,
            message,
            began: now,
            answered: None,
            has_succeeded: false,
        }
    }
}

/// An attempt that is under way.
pub struct Attempt {
    slowness: Slowness,
    process: Process,
    key: Key,
    message: Value,
    began: Instant,
    answered: Option<Instant>,
    has_succeeded: bool,
}

impl Attempt {
    /// What comes now until its process hears of that is none of the connection's fault.
    pub fn is_answered(&mut self) {
        self.answered = Some(Instant::now());
    }

    /// `pushed` is what its process hears.
    pub fn ended(mut self, pushed: &Result<(), PushError>) {
        self.has_succeeded = pushed.is_ok();
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let now = self.answered.unwrap_or_else(Instant::now);
        self.slowness.note(self);
        let mut tries = self.slowness.tries.lock().unwrap();
        let Some(known) = tries.get_mut(&self.key) else { return };
        known.ended = now;
        let took = now - self.began;
        known.spent += took.min(LONGEST_ATTEMPT);
        if known.freezes == self.process.freezes() {
            known.steady += took;
        }
        let Tries { since, spent, steady, .. } = *known;
        if self.has_succeeded {
            tries.remove(&self.key);
        }
        if steady >= SLOW {
            self.slowness.owed.was_slow(&self.key.1, &self.message);
        }
        if spent >= NOTHING {
            self.slowness.owed.took_nothing(&self.key.1, since, NOTHING);
        }
    }
}
