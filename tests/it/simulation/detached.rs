//! Runs whose agents go on by themselves: when each was left to its agent, and when that spoke.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use agentcore_gateway::session::DETACHED_LEASE;
use tokio::time::Instant;

use super::verifier::{Who, session_of};

/// An agent that speaks more often is not taken for dead: what it says may be held up by tables and relays, but not for the
/// rest of five minutes.
const OFTEN: Duration = Duration::from_secs(100);

/// Messages that were held up for so long in all, by relays that died and tables that failed, may come too late.
const HELD_UP: Duration = Duration::from_secs(170);

#[derive(Default)]
struct Run {
    /// Until when its agent counts as alive, as its session says; `None`: it has not been left to that.
    lease_until: Option<Instant>,
    spoke: Vec<Instant>,
    /// When its agent said that it has ended.
    said_end: Option<Instant>,
    /// In what group its messages come, and for how long they were held up, until when.
    group: String,
    held_up: Vec<(Instant, Duration)>,
    /// Since when they wait to come again because of that.
    troubled_since: Option<Instant>,
}

impl Run {
    fn is_detached(&self) -> bool {
        self.lease_until.is_some()
    }
}

#[derive(Clone, Default)]
pub struct DetachedRuns(Arc<Mutex<BTreeMap<Who, Run>>>);

impl DetachedRuns {
    /// The agent of `who` goes on, whether or not anybody knows, and sends its messages in this group.
    pub fn goes_on(&self, who: &str, group: &str) {
        self.spoke(who);
        self.runs().entry(who.to_owned()).or_default().group = group.to_owned();
    }

    /// Messages of a group have come to a relay. If that of the last ones was `troubled`, they were held up since then.
    pub fn came(&self, group: &str) {
        for run in self.runs().values_mut().filter(|run| run.group == group) {
            let now = Instant::now();
            run.held_up.extend(run.troubled_since.take().map(|since| (now, now - since)));
        }
    }

    /// The relay to which they came at `since` has died, stood still, or had no answer from a store.
    pub fn troubled(&self, group: &str, since: Instant) {
        for run in self.runs().values_mut().filter(|run| run.group == group) {
            run.troubled_since.get_or_insert(since);
        }
    }

    /// Its session says so, and until when the agent counts as alive.
    pub fn leased(&self, who: &Who, until: Instant) {
        self.runs().entry(who.clone()).or_default().lease_until = Some(until);
    }

    pub fn spoke(&self, who: &str) {
        self.runs().entry(who.to_owned()).or_default().spoke.push(Instant::now());
    }

    /// The agent of `who` has said all, and is silent from now on.
    pub fn said_end(&self, who: &str) {
        self.runs().entry(who.to_owned()).or_default().said_end = Some(Instant::now());
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.runs().values().filter(|run| run.is_detached()).count()
    }

    pub fn is_detached(&self, who: &Who) -> bool {
        self.runs().get(who).is_some_and(Run::is_detached)
    }

    pub fn any_in(&self, session: &str) -> bool {
        self.runs().iter().any(|(who, run)| run.is_detached() && session_of(who) == session)
    }

    /// Why `who` must not have been interrupted; `None`: its agent was silent for long, or could not be heard.
    pub fn lost_for_nothing(&self, who: &Who, ended: Option<Instant>) -> Option<String> {
        let (runs, ended) = (self.runs(), ended?);
        let run = runs.get(who)?;
        // Who has said all may be silent.
        let until = run.said_end.map_or(ended, |said| said.min(ended));
        let spoke = run.spoke.iter().copied().filter(|at| *at <= until);
        let times = spoke.chain([until]).collect::<Vec<_>>();
        let was_silent = times.windows(2).any(|pair| pair[1] - pair[0] > OFTEN);
        let lately = run.held_up.iter().filter(|(at, _)| *at + DETACHED_LEASE > ended);
        let was_held_up = lately.map(|(_, time)| *time).sum::<Duration>() > HELD_UP;
        (!was_silent && !was_held_up)
            .then(|| format!("lost for nothing (I2): {who} was interrupted, though its agent went on speaking"))
    }

    /// Whether the agent of a detached run that ended at `ended` has to be stopped before its session's next run.
    pub fn must_be_stopped(&self, who: &Who, ended: Option<Instant>) -> bool {
        let runs = self.runs();
        let Some((lease_until, ended)) = runs.get(who).and_then(|run| run.lease_until).zip(ended) else { return false };
        ended < lease_until && Instant::now() < lease_until
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<Who, Run>> {
        self.0.lock().unwrap()
    }
}
