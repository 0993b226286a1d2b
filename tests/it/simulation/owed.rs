//! What is owed to a live connection (I7).
//!
//! A connection is attached to a session from its accepted `$connect`, from `resumed`, or from `started` of its own
//! prompt. While it is alive it is owed, without having to resume, every frame that is made after that, within a bound of
//! minutes. Of a run whose worker died, was frozen, or lost its lease it is owed the ending, for the rest may be void.
//!
//! A connection is no longer alive when it was closed, when it took nothing for 30 s, or when it was the oldest of a full
//! session. One that was slower than whoever announces a dead worker's ending waits may have to resume for that,
//! and one that was behind when the run was over and its worker died while it sent the rest, or could not read the journal
//! until its time was over. One that resumes is attached
//! anew: what was made before and had not come yet, of whatever run, it may have to resume.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use agentcore_gateway::journal::Segment;
use agentcore_gateway::session::{MAX_CONNECTIONS, RunKey, Session, SessionKey};
use serde_json::Value;
use tokio::time::Instant;

use super::detached::DetachedRuns;
use super::device::{Device, Run, Sighting};
use super::fates::Fates;
use super::verifier::{Who, session_of, who_is};
use crate::support::socket::is_ending;

#[derive(Default)]
struct Ledger {
    runs: BTreeMap<Who, Run>,
    devices: BTreeMap<String, Device>,
}

#[derive(Clone, Default)]
pub struct Owed(Arc<Mutex<Ledger>>);

impl Owed {
    pub fn opened(&self, connection: &str, principal: &str) {
        self.ledger().devices.insert(connection.to_owned(), Device::of(principal));
    }

    /// From now on nothing is owed to it: it was closed.
    pub fn is_over(&self, connection: &str) {
        if let Some(device) = self.ledger().devices.get_mut(connection) {
            device.until.get_or_insert_with(Instant::now);
        }
    }

    /// It took nothing for `time` and more, beginning at `since`. If it was attached anew meanwhile, that counts from then.
    pub fn took_nothing(&self, connection: &str, since: Instant, time: Duration) {
        if let Some(device) = self.ledger().devices.get_mut(connection) {
            let attached = device.attached.as_ref().map_or(since, |(_, attached)| *attached);
            if Instant::now() - since.max(attached) >= time {
                device.suspend(Instant::now());
            }
        }
    }

    /// `$connect` was accepted with `session`.
    pub fn attached(&self, connection: &str, session: &str) {
        self.ledger().attach(connection, session, Instant::now());
    }

    /// A resume was sent, and may disturb what is pushed meanwhile.
    pub fn resumes(&self, connection: &str) {
        if let Some(device) = self.ledger().devices.get_mut(connection) {
            device.resumes.0 += 1;
        }
    }

    /// A resume was carried out, and nothing went wrong on the way.
    pub fn has_resumed(&self, connection: &str) {
        if let Some(device) = self.ledger().devices.get_mut(connection) {
            device.resumes.1 += 1;
        }
    }

    /// A resume that was `sent` failed: what became of it is unknown, and the client has to send it again.
    pub fn must_resume(&self, connection: &str, sent: Instant) {
        if let Some(device) = self.ledger().devices.get_mut(connection) {
            device.suspend(sent);
        }
    }

    /// It took seconds until the connection had a frame of this run.
    pub fn was_slow(&self, connection: &str, message: &Value) {
        let mut ledger = self.ledger();
        if let Some(device) = ledger.devices.get_mut(connection) {
            let who = device.who(message);
            device.slow.insert(who);
        }
    }

    /// The run that `message` to a connection is of.
    pub fn who(&self, connection: &str, message: &Value) -> Option<Who> {
        Some(self.ledger().devices.get(connection)?.who(message))
    }

    pub fn asked(&self, who: &Who, connection: &str) {
        self.ledger().runs.entry(who.clone()).or_default().asker = connection.to_owned();
    }

    pub fn agent_sent(&self, who: &Who, events: usize) {
        let mut ledger = self.ledger();
        let sent = &mut ledger.runs.entry(who.clone()).or_default().sent;
        sent.extend(std::iter::repeat_n(Instant::now(), events));
    }

    /// The frames of `segment` are durable.
    pub fn durable(&self, run: &RunKey, segment: &Segment) {
        let who = who_is(&run.session, &run.request);
        let mut ledger = self.ledger();
        for frame in segment.frames() {
            if frame.outcome.is_some() || !ledger.has_seen(&who, frame.seq) {
                ledger.see(&who, &serde_json::from_str(&frame.text).expect("a frame is JSON"));
            }
        }
    }

    /// A message came to a connection.
    pub fn delivered(&self, connection: &str, message: &Value) {
        let mut ledger = self.ledger();
        let Some(device) = ledger.devices.get_mut(connection) else { return };
        let who = device.who(message);
        match message["type"].as_str() {
            Some("resumed") => {
                device.resumed.insert(who.clone());
                device.attached_anew.push(Instant::now());
                device.revive();
                ledger.attach(connection, &session_of(&who), Instant::now());
            }
            Some(_) if message.get("seq").is_some() => {
                if is_ending(message) {
                    device.endings.entry(who.clone()).or_insert_with(Instant::now);
                }
                let seq = message["seq"].as_u64().expect("a number");
                device.frames.entry((who.clone(), seq)).or_insert_with(Instant::now);
                ledger.see(&who, message);
            }
            _ => {}
        }
    }

    /// What a write said of a session. Of a full one, the connection attached first may have to go.
    pub fn session_is(&self, key: &SessionKey, session: &Session) {
        if session.connections.len() < MAX_CONNECTIONS {
            return;
        }
        let first = session.connections.values().map(|attachment| attachment.attached_at).min();
        let oldest = session.connections.iter().filter(|(_, attachment)| Some(attachment.attached_at) == first);
        let session = format!("{}/{}", key.principal, key.session);
        for (connection, _) in oldest {
            self.ledger().evict(connection.as_str(), &session);
        }
    }

    /// What was owed until now and did not come.
    pub fn missing(&self, fates: &Fates, detached: &DetachedRuns) -> Vec<String> {
        let ledger = self.ledger();
        let mut missing = Vec::new();
        for (connection, device) in &ledger.devices {
            let Some((session, since)) = &device.attached else { continue };
            for (who, run) in ledger.runs.iter().filter(|(who, _)| session_of(who) == *session) {
                if !device.may_lack(who) {
                    missing.extend(device.lacks(connection, *since, who, run, fates, detached));
                }
            }
        }
        missing
    }

    /// When the ending of `who` was first seen.
    pub fn ended_at(&self, who: &Who) -> Option<Instant> {
        self.ledger().runs.get(who)?.ending.map(|(at, _)| at)
    }

    /// Whether somebody has seen the ending of `who`, or it is durable.
    pub fn has_ended(&self, who: &Who) -> bool {
        self.ledger().runs.get(who).is_some_and(|run| run.ending.is_some())
    }

    /// The runs that ended as interrupted.
    pub fn interrupted(&self) -> Vec<Who> {
        let ledger = self.ledger();
        let interrupted = ledger.runs.iter().filter(|(_, run)| run.was_interrupted());
        interrupted.map(|(who, _)| who.clone()).collect()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }
}

impl Ledger {
    fn attach(&mut self, connection: &str, session: &str, since: Instant) {
        if let Some(device) = self.devices.get_mut(connection) {
            device.attached.get_or_insert_with(|| (session.to_owned(), since));
        }
    }

    fn evict(&mut self, connection: &str, session: &str) {
        if let Some(device) = self.devices.get_mut(connection)
            && device.attached.as_ref().is_none_or(|(attached, _)| attached == session)
        {
            device.until.get_or_insert_with(Instant::now);
        }
    }

    fn has_seen(&self, who: &Who, seq: u64) -> bool {
        self.runs.get(who).is_some_and(|run| run.frames.contains_key(&seq))
    }

    fn see(&mut self, who: &Who, frame: &Value) {
        let now = Instant::now();
        let run = self.runs.entry(who.clone()).or_default();
        if is_ending(frame) {
            run.ending.get_or_insert((now, frame["code"] == "interrupted"));
            return;
        }
        let seq = frame["seq"].as_u64().expect("a number");
        if run.frames.contains_key(&seq) {
            return;
        }
        let last_event = frame["events"].as_array().and_then(|events| events.last()?["at"].as_u64());
        let is_started = frame["type"] == "started";
        run.frames.insert(seq, Sighting { at: now, last_event: last_event.map(|at| at as usize), is_started });
        if is_started {
            let asker = run.asker.clone();
            // It is attached at the latest now, and this frame is the first that it is owed.
            self.attach(&asker, &session_of(who), now - Duration::from_nanos(1));
        }
    }
}
