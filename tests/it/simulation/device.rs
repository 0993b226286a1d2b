//! A connection and a run, as [`owed`](super::owed) keeps them, and what the one lacks of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::detached::DetachedRuns;
use super::fates::Fates;
use super::verifier::Who;

/// From when a frame exists a connection must have it within so much time, if all is well with its worker.
const LIVE_BOUND: Duration = Duration::from_secs(5 * 60);

/// And the ending of a run whose worker died, or left it to the next when its time was over: a lease and the message's
/// visibility have to run out first.
const ENDING_BOUND: Duration = Duration::from_secs(15 * 60);

/// A frame of a run, as it was first seen: pushed to somebody, or durable.
pub struct Sighting {
    pub at: Instant,
    /// The number of the agent's last event in it.
    pub last_event: Option<usize>,
    pub is_started: bool,
}

#[derive(Default)]
pub struct Run {
    pub frames: BTreeMap<u64, Sighting>,
    /// When its ending was first seen, and whether that says that its worker died.
    pub ending: Option<(Instant, bool)>,
    /// When the agent sent each of its events.
    pub sent: Vec<Instant>,
    /// The connection that asked.
    pub asker: String,
}

/// A connection, and what it got.
#[derive(Default)]
pub struct Device {
    principal: String,
    /// The session it is attached to (`principal/session`), and since when.
    pub attached: Option<(String, Instant)>,
    /// Until when it was alive.
    pub until: Option<Instant>,
    /// It lives, and a resume can attach it anew.
    is_suspended: bool,
    pub frames: BTreeMap<(Who, u64), Instant>,
    pub endings: BTreeMap<Who, Instant>,
    /// Runs of which it took a frame slowly.
    pub slow: BTreeSet<Who>,
    /// Runs that it resumed.
    pub resumed: BTreeSet<Who>,
    /// Resumes that it sent, and those that were carried out undisturbed.
    pub resumes: (usize, usize),
    /// When it was told that a resume has attached it, of whatever run.
    pub attached_anew: Vec<Instant>,
}

impl Run {
    pub fn was_interrupted(&self) -> bool {
        self.ending.is_some_and(|(_, interrupted)| interrupted)
    }

    /// The frames that were certainly made after `since`: from the first on that holds an event the agent sent later.
    fn made_after(&self, since: Instant) -> impl Iterator<Item = (u64, Instant)> {
        let is_later = move |sighting: &Sighting| match sighting.last_event.and_then(|at| self.sent.get(at)) {
            Some(sent) => *sent > since,
            None => sighting.is_started && sighting.at > since,
        };
        let frames = self.frames.iter().skip_while(move |(_, sighting)| !is_later(sighting));
        frames.map(|(seq, sighting)| (*seq, sighting.at))
    }
}

impl Device {
    pub fn of(principal: &str) -> Self {
        Self { principal: principal.to_owned(), ..Self::default() }
    }

    pub fn who(&self, message: &Value) -> Who {
        let name = |member: &str| message[member].as_str().unwrap_or_default().to_owned();
        format!("{}/{}/{}", self.principal, name("sessionId"), name("requestId"))
    }

    /// From `at` on it is owed nothing before it has resumed.
    pub fn suspend(&mut self, at: Instant) {
        if self.until.is_none() {
            self.until = Some(at);
            self.is_suspended = true;
        }
    }

    /// It has resumed, and is attached anew.
    pub fn revive(&mut self) {
        if std::mem::take(&mut self.is_suspended) {
            self.until = None;
            self.attached = None;
        }
    }

    /// What it resumed itself while things went wrong, or several times, it may have to resume again.
    pub fn may_lack(&self, who: &Who) -> bool {
        self.resumes != (0, 0) && self.resumes != (1, 1) && self.resumed.contains(who)
    }

    pub fn lacks(
        &self,
        connection: &str,
        since: Instant,
        who: &Who,
        run: &Run,
        fates: &Fates,
        detached: &DetachedRuns,
    ) -> Vec<String> {
        let fate = fates.of(who).or(run.was_interrupted().then_some("lost its lease"));
        let is_detached = detached.is_detached(who);
        let is_slow = self.slow.contains(who) && (fate.is_some() || fates.was_late(who) || is_detached);
        let excuse = is_slow || fates.was_let_go(who) || fates.was_read_late(who);
        // A worker that is out of time leaves the ending to whoever takes the message next, and that one tells no more.
        let has_gap = fate.is_some() || fates.was_late(who);
        let mut lacks = Vec::new();
        if let Some((at, _)) = run.ending
            && at > since
            && !excuse
        {
            let bound = if has_gap || is_detached { ENDING_BOUND } else { LIVE_BOUND };
            if self.is_overdue(at, bound, self.endings.get(who)) {
                let worker = fate.unwrap_or("was sound");
                lacks.push(format!(
                    "owed (I7), ending: {connection} was not sent the ending of {who}, whose worker {worker}"
                ));
            }
        }
        if !has_gap && !excuse {
            let bound = if is_detached { ENDING_BOUND } else { LIVE_BOUND };
            let overdue = run.made_after(since).filter(|(seq, at)| {
                let came = self.frames.get(&(who.clone(), *seq));
                self.is_overdue(*at, bound, came) && !self.was_attached_anew(*at, bound)
            });
            let seqs: Vec<u64> = overdue.map(|(seq, _)| seq).collect();
            if !seqs.is_empty() {
                lacks.push(format!(
                    "owed (I7), frames: {connection} was not sent {seqs:?} of {who}, whose worker was sound"
                ));
            }
        }
        lacks
    }

    /// Whether it resumed, if only another run, before it had to have a frame that was made `at` this time. That attaches
    /// it from then on: what was on its way to it may be lost to it, and leaves a gap by which its client knows.
    fn was_attached_anew(&self, at: Instant, bound: Duration) -> bool {
        self.attached_anew.iter().any(|attached| *attached >= at && *attached <= at + bound)
    }

    /// Whether something that there was from `at` on had not come `bound` later, though the connection lived.
    fn is_overdue(&self, at: Instant, bound: Duration, came: Option<&Instant>) -> bool {
        let by = at + bound;
        let lived = self.until.unwrap_or_else(Instant::now) >= by;
        lived && came.is_none_or(|came| *came > by)
    }
}
