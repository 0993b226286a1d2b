//! Checks the invariants I1 to I7 of the protocol from what clients received and what agents were called with.
//!
//! [`owed`](super::owed) has what is owed to a connection that lives, [`fates`](super::fates) whether a worker had a reason
//! to lose its run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};

use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::session::SessionKey;
use serde_json::Value;

use super::detached::DetachedRuns;
use super::fates::Fates;
use super::owed::Owed;
use super::shared::MAX_RECEIVE_COUNT;
use crate::support::socket::is_ending;

/// Who a request is: `principal/session/request`.
pub type Who = String;

#[derive(Default)]
struct Notes {
    /// Requests in the order in which they came into the queue, by `principal/session`.
    queued: BTreeMap<String, Vec<Who>>,
    /// Calls that reached an agent, in order, by `principal/session`.
    called: BTreeMap<String, Vec<Who>>,
    /// What each agent was going to send, and whether that was a success.
    events: BTreeMap<Who, (Vec<String>, bool)>,
    /// Calls that are under way, by the session that the agent sees: whose, by which process, and the number of the call.
    under_way: BTreeMap<String, (Who, usize, usize)>,
    calls: usize,
    /// What each client made of each request in the end, and what a fresh connection was replayed.
    replies: BTreeMap<Who, Vec<(String, Vec<Value>)>>,
    /// The times that the message of a request came and had only to wait.
    waits: BTreeMap<(Who, String), BTreeSet<u32>>,
    /// Requests that came to a closer.
    given_up: BTreeSet<Who>,
    broken: Vec<String>,
}

/// What happened in a simulation.
#[derive(Clone, Default)]
pub struct Record {
    notes: Arc<Mutex<Notes>>,
    /// What befell the worker of each run.
    pub fates: Fates,
    /// What each connection is owed.
    pub owed: Owed,
    /// Runs whose agents go on by themselves.
    pub detached: DetachedRuns,
}

/// A call that is under way until this is dropped.
pub struct CallId {
    record: Record,
    runtime_session: String,
    number: usize,
}

impl Drop for CallId {
    fn drop(&mut self) {
        let mut notes = self.record.notes();
        if notes.under_way.get(&self.runtime_session).is_some_and(|(_, _, number)| *number == self.number) {
            notes.under_way.remove(&self.runtime_session);
        }
    }
}

/// The name of a request.
pub fn who_is(session: &SessionKey, request: &RequestId) -> Who {
    format!("{}/{}/{request}", session.principal, session.session)
}

pub fn session_of(who: &str) -> String {
    who.rsplit_once('/').expect("principal/session/request").0.to_owned()
}

impl Record {
    pub fn queued(&self, prompt: &QueuedPrompt) {
        let who = who_is(&prompt.run.session, &prompt.run.request);
        let mut notes = self.notes();
        let order = notes.queued.entry(session_of(&who)).or_default();
        if !order.contains(&who) {
            self.owed.asked(&who, prompt.connection.as_str());
            order.push(who);
        }
    }

    pub fn called(&self, who: &str, runtime_session: &str, process: usize) -> CallId {
        let mut notes = self.notes();
        notes.called.entry(session_of(who)).or_default().push(who.to_owned());
        notes.calls += 1;
        let number = notes.calls;
        let call = (who.to_owned(), process, number);
        if let Some((other, ..)) = notes.under_way.insert(runtime_session.to_owned(), call) {
            notes.broken.push(format!("I4: {who} was called while {other} was under way"));
        }
        CallId { record: self.clone(), runtime_session: runtime_session.to_owned(), number }
    }

    /// The agent of `who` goes on by itself: nothing else is under way in its session for who called it.
    pub fn goes_on(&self, who: &str, group: &str) {
        self.detached.goes_on(who, group);
    }

    /// An agent that goes on has said so many events more.
    pub fn agent_said(&self, who: &str, events: usize) {
        self.owed.agent_sent(&who.to_owned(), events);
    }

    /// An agent that goes on has said something, if only that it lives.
    pub fn agent_spoke(&self, who: &str) {
        self.detached.spoke(who);
    }

    /// An agent that goes on has said that it has ended.
    pub fn agent_said_end(&self, who: &str) {
        self.detached.said_end(who);
    }

    /// `who` is called in a session where the agents of these go on. None may that was to be stopped.
    pub fn meets(&self, who: &str, others: &[Who]) {
        for other in others {
            if self.detached.must_be_stopped(other, self.owed.ended_at(other)) {
                self.broke(format!("I4: {who} met the agent of {other}, which was to be stopped"));
            }
        }
    }

    /// `process` stops what goes on in a session. It must not be what somebody else calls, nor a run that has not ended.
    pub fn stops(&self, runtime_session: &str, process: usize, alive: &[Who]) {
        for who in alive.iter().filter(|who| self.detached.is_detached(who) && !self.owed.has_ended(who)) {
            self.broke(format!("stop: {who}, which goes on, was stopped for another run"));
        }
        let mut notes = self.notes();
        if let Some((who, caller, _)) = notes.under_way.get(runtime_session)
            && *caller != process
        {
            let line = format!("stop: {who} was stopped by somebody who had another run to stop");
            notes.broken.push(line);
        }
    }

    /// The agents have hung up on `process`.
    pub fn hung_up(&self, process: usize) {
        self.notes().under_way.retain(|_, (_, caller, _)| *caller != process);
    }

    /// `message` of `who`, which came for the `time`th time, has to come again, though all went well.
    pub fn waits(&self, who: &Who, message: &str, time: u32) {
        self.notes().waits.entry((who.clone(), message.to_owned())).or_default().insert(time);
    }

    /// The message of `who` was deleted.
    pub fn done(&self, who: &Who) {
        if !self.owed.has_ended(who) && !self.detached.is_detached(who) {
            self.broke(format!("dropped (I1): the message of {who} was deleted, and it had no ending"));
        }
    }

    /// No worker could take `who`.
    pub fn given_up(&self, who: &Who) {
        self.notes().given_up.insert(who.clone());
    }

    pub fn will_send(&self, who: &str, events: Vec<String>, is_success: bool) {
        self.notes().events.insert(who.to_owned(), (events, is_success));
    }

    /// What `client` has of `who` once it has its ending: frames 1 to the ending.
    pub fn reply(&self, who: &str, client: &str, frames: Vec<Value>) {
        self.notes().replies.entry(who.to_owned()).or_default().push((client.to_owned(), frames));
    }

    /// Something that a client saw and must not have.
    pub fn broke(&self, what: String) {
        self.notes().broken.push(what);
    }

    /// All requests that came into the queue.
    pub fn requests(&self) -> Vec<Who> {
        self.notes().queued.values().flatten().cloned().collect()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// How many requests have a reply; an error that lists what is wrong.
    pub fn verdict(&self) -> Result<usize, String> {
        let notes = self.notes();
        let mut broken = notes.broken.clone();
        for who in self.owed.interrupted() {
            let lost = if self.detached.is_detached(&who) {
                self.detached.lost_for_nothing(&who, self.owed.ended_at(&who))
            } else {
                self.fates.lost_for_nothing(&who)
            };
            broken.extend(lost);
        }
        for (who, replies) in &notes.replies {
            check_reply(who, replies, notes.events.get(who), &mut broken);
        }
        // Neither does a prompt of a simulation wait for a day, nor does anything of the gateway's own break in it.
        for (who, replies) in notes.replies.iter().filter(|(who, _)| !notes.given_up.contains(*who)) {
            let code = replies[0].1.last().and_then(|frame| frame["code"].as_str());
            // A session with a detached run is busy at once.
            if code == Some("busy") && self.detached.any_in(&session_of(who)) {
                continue;
            }
            if let Some(code @ ("busy" | "internal")) = code {
                broken.push(format!("I1: {who} ended as {code}, though a worker could take it"));
            }
        }
        let used_up = notes.waits.iter().filter(|(_, waits)| waits.len() >= MAX_RECEIVE_COUNT as usize);
        for ((who, _), _) in used_up {
            broken.push(format!("given up (I1): {who} only waited, each time that its message came"));
        }
        for (session, calls) in &notes.called {
            check_order(calls, &notes.queued[session], &notes.given_up, &mut broken);
        }
        for who in notes.queued.values().flatten().filter(|who| !notes.replies.contains_key(*who)) {
            broken.push(format!("I1: {who} was queued and has no reply"));
        }
        if broken.is_empty() { Ok(notes.replies.len()) } else { Err(report(&broken)) }
    }
}

/// A few lines of each kind, which is what stands before the colon.
fn report(broken: &[String]) -> String {
    let (mut text, mut shown) = (String::new(), BTreeMap::<&str, usize>::new());
    for line in broken {
        let shown = shown.entry(line.split(':').next().unwrap_or_default()).or_default();
        *shown += 1;
        if *shown <= 4 {
            let _ = writeln!(text, "  {line:.600}");
        }
    }
    let _ = writeln!(text, "  ({} in all)", broken.len());
    text
}

fn check_order(calls: &[Who], queued: &[Who], given_up: &BTreeSet<Who>, broken: &mut Vec<String>) {
    let distinct: BTreeSet<&Who> = calls.iter().collect();
    if distinct.len() < calls.len() {
        broken.push(format!("I3: called more than once: {calls:?}"));
    }
    // One that the queue gave up has lost its place: who was given it before that may still run it.
    let in_line = |who: &&Who| distinct.contains(*who) && !given_up.contains(*who);
    let expected: Vec<&Who> = queued.iter().filter(in_line).collect();
    if calls.iter().filter(in_line).collect::<Vec<_>>() != expected {
        broken.push(format!("I4: queued as {expected:?}, called as {calls:?}"));
    }
}

fn check_reply(
    who: &str,
    replies: &[(String, Vec<Value>)],
    sent: Option<&(Vec<String>, bool)>,
    broken: &mut Vec<String>,
) {
    let (_, first) = &replies[0];
    for (client, frames) in replies {
        if frames != first {
            broken.push(format!("I1/I2/I7: {who}: {client} has another reply than {}", replies[0].0));
        }
    }
    let seqs: Vec<u64> = first.iter().filter_map(|frame| frame["seq"].as_u64()).collect();
    if seqs != (1..=first.len() as u64).collect::<Vec<_>>() {
        broken.push(format!("I2: {who} has frames {seqs:?}"));
    }
    let endings = first.iter().filter(|frame| is_ending(frame)).count();
    let ending = first.last().map_or(&Value::Null, |frame| &frame["type"]);
    if endings != 1 || !matches!(ending.as_str(), Some("completed" | "failed" | "stopped")) {
        broken.push(format!("I1: {who} has {endings} endings and ends with {ending}"));
    }
    if first.len() > 1 && first[0]["type"] != "started" {
        broken.push(format!("I2: {who} begins with {}", first[0]["type"]));
    }
    let events = events_of(first);
    let nothing = (Vec::new(), false);
    let (sent, is_success) = sent.unwrap_or(&nothing);
    let sent: Vec<Value> = sent.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    if !sent.starts_with(&events) {
        broken.push(format!("I2/I6: {who} has {} events that are not the agent's first", events.len()));
    }
    if *ending == "completed" && !is_success {
        broken.push(format!("I2: {who} completed, though its agent failed"));
    }
    if *ending == "completed" && events.len() != sent.len() {
        broken.push(format!("I2: {who} completed with {} of {} events", events.len(), sent.len()));
    }
}

/// The events of frames in order, parts put together. A part at the end may be missing: the run ended in mid-event.
fn events_of(frames: &[Value]) -> Vec<Value> {
    let (mut events, mut text) = (Vec::new(), String::new());
    for frame in frames {
        events.extend(frame["events"].as_array().into_iter().flatten().cloned());
        if let Some(part) = frame["text"].as_str() {
            text.push_str(part);
            if frame["part"]["last"] == true {
                events.push(serde_json::from_str(&text).expect("parts make JSON"));
                text.clear();
            }
        }
    }
    events
}
