//! What befell the worker of each run, and whether it had a reason to lose it.
//!
//! `interrupted` means that a worker died. A run that loses its lease though its process was sound, its invocation had
//! time, and the table answered it, was lost for nothing (I2).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::session::{RunKey, SessionKey};
use tokio::time::Instant;

use super::verifier::{Who, who_is};

/// Before a lease runs out its worker must have tried to renew it, and nothing else, for so long.
const LAST_TRIES: Duration = Duration::from_secs(10);

/// A worker stops counting on its lease so long before others do.
const CLOCK_MARGIN: Duration = Duration::from_secs(2);

/// A call of a store that takes longer is a reason to be late.
const SLOW: Duration = Duration::from_secs(3);

/// Appends that fail for so long are a reason to give up.
const APPENDS_FAIL: Duration = Duration::from_secs(20);

/// A renewal that failed is made again within this.
const RENEWED_AGAIN: Duration = Duration::from_secs(2);

/// So near its deadline an invocation may have to leave a run behind, if the stores are slow.
const NEAR: Duration = Duration::from_secs(15);

/// What a call is for.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Append,
    Renewal,
    Other,
}

/// A worker's lease on a run.
struct Lease {
    process: usize,
    /// As the worker knows it.
    until: Instant,
    /// When a call about the session was first answered: the claim may have been slow to say that it is one.
    known_since: Option<Instant>,
    /// The last calls about the session that were answered: from when to when.
    answered: VecDeque<(Instant, Instant)>,
    /// Until when a call was slow, failed, or was given up.
    trouble_until: Option<Instant>,
    /// From when to when all appends failed, if the last one did.
    appends_fail: Option<(Instant, Instant)>,
    /// When the last renewal failed, if it did.
    renewal_failed: Option<Instant>,
    /// Its invocation was near its deadline when it ended.
    was_late: Option<Instant>,
}

#[derive(Default)]
struct State {
    /// What each process is handling; what came twice, twice.
    handling: BTreeMap<usize, Vec<Who>>,
    /// The runs of a process that was frozen, cut off or killed while it handled them, and which of that.
    disturbed: BTreeMap<(Who, usize), &'static str>,
    /// What is handled under which receipt, and what a worker let go of before it was done with it.
    receipts: BTreeMap<String, Who>,
    let_go: BTreeSet<Who>,
    leases: BTreeMap<Who, Vec<Lease>>,
    /// Who has appended to the journal of a run, and who took its message after that: they are to tell its ending.
    enders: BTreeMap<Who, BTreeSet<usize>>,
    /// Requests that nobody had begun, whose end was dealt with until near an invocation's deadline, or was left to whoever
    /// takes the message next, because of the stores.
    late: BTreeSet<Who>,
    /// Runs whose journal was slow to be read, or not to be read at all.
    read_slowly: BTreeSet<Who>,
    /// The run that a process claimed last in a session.
    current: BTreeMap<(usize, String), Who>,
}

#[derive(Clone, Default)]
pub struct Fates(Arc<Mutex<State>>);

impl Fates {
    pub fn begins(&self, process: usize, who: &Who, receipt: &str) {
        let mut state = self.state();
        state.handling.entry(process).or_default().push(who.clone());
        state.receipts.insert(receipt.to_owned(), who.clone());
        if let Some(enders) = state.enders.get_mut(who) {
            enders.insert(process);
        }
    }

    /// A worker deletes the message of `receipt` itself: nobody else gets it if the worker dies while it catches up.
    pub fn lets_go(&self, receipt: &str) {
        let mut state = self.state();
        if let Some(who) = state.receipts.get(receipt).cloned() {
            state.let_go.insert(who);
        }
    }

    /// Whether something happened to a worker that had let go of the message of `who`, and so perhaps while it sent slow
    /// devices the rest.
    pub fn was_let_go(&self, who: &Who) -> bool {
        let state = self.state();
        // Who ends a request that nobody had begun has no lease.
        state.let_go.contains(who) && state.disturbed.keys().any(|(handled, _)| handled == who)
    }

    /// The handling of `who` is over, and would have had until `deadline`.
    pub fn ends(&self, process: usize, who: &Who, deadline: Instant) {
        let mut state = self.state();
        let handling = state.handling.entry(process).or_default();
        if let Some(at) = handling.iter().position(|handled| handled == who) {
            handling.remove(at);
        }
        let now = Instant::now();
        if deadline >= now + NEAR {
            return;
        }
        if let Some(lease) = state.lease(process, who) {
            lease.was_late = Some(now);
        } else if state.enders.contains_key(who) {
            state.late.insert(who.clone());
        }
    }

    /// The message of `who` has to come again, because the stores failed whoever had it.
    pub fn left(&self, who: &Who) {
        let mut state = self.state();
        if state.enders.contains_key(who) && !state.leases.contains_key(who) {
            state.late.insert(who.clone());
        }
    }

    /// Something happens to `process`, and so to all that it handles.
    pub fn disturbed(&self, process: usize, how: &'static str) {
        let mut state = self.state();
        for who in state.handling.get(&process).cloned().unwrap_or_default() {
            state.disturbed.entry((who, process)).or_insert(how);
        }
    }

    /// Whether something happened to `process` while it handled `who`.
    pub fn is_disturbed(&self, process: usize, who: &Who) -> bool {
        self.state().disturbed.contains_key(&(who.clone(), process))
    }

    /// What happened to a worker that had claimed `who`; where nobody has, to one that may have ended it, or was to tell
    /// its ending.
    pub fn of(&self, who: &Who) -> Option<&'static str> {
        let state = self.state();
        let Some(leases) = state.leases.get(who) else {
            let mut processes = state.enders.get(who).into_iter().flatten();
            return processes.find_map(|process| state.disturbed.get(&(who.clone(), *process)).copied());
        };
        let mut processes = leases.iter().map(|lease| lease.process);
        processes.find_map(|process| state.disturbed.get(&(who.clone(), process)).copied())
    }

    pub fn claimed(&self, process: usize, session: &SessionKey, request: &RequestId, until: Instant) {
        let who = who_is(session, request);
        let mut state = self.state();
        state.current.insert((process, session_name(session)), who.clone());
        let lease = Lease {
            process,
            until,
            known_since: None,
            answered: VecDeque::new(),
            trouble_until: None,
            appends_fail: None,
            renewal_failed: None,
            was_late: None,
        };
        state.leases.entry(who).or_default().push(lease);
    }

    pub fn renewed(&self, process: usize, session: &SessionKey, until: Instant) {
        self.with(process, session, |lease| lease.until = until);
    }

    /// Notes a call of `process` about `session`.
    pub fn call(&self, process: usize, session: &SessionKey) -> Call {
        self.noted(process, session, Purpose::Other)
    }

    /// Notes a renewal of the lease that `process` has on `session`.
    pub fn renewal(&self, process: usize, session: &SessionKey) -> Call {
        self.noted(process, session, Purpose::Renewal)
    }

    /// Notes an append of `process` to the journal of `run`.
    pub fn append(&self, process: usize, run: &RunKey) -> Call {
        self.state().enders.entry(who_is(&run.session, &run.request)).or_default().insert(process);
        self.noted(process, &run.session, Purpose::Append)
    }

    /// Why the worker of `who` must not have lost its run; `None`: it had a reason.
    pub fn lost_for_nothing(&self, who: &Who) -> Option<String> {
        if self.of(who).is_some() {
            return None;
        }
        let state = self.state();
        let lease = state.leases.get(who)?.last()?;
        (!lease.had_reason()).then(|| {
            format!("lost for nothing (I2): {who} was interrupted, though its worker lived and the table answered it")
        })
    }

    /// Whether an invocation that had claimed `who`, or ended it unbegun, ended near its deadline, or left the latter to the
    /// next.
    pub fn was_late(&self, who: &Who) -> bool {
        let state = self.state();
        state.leases.get(who).into_iter().flatten().any(|lease| lease.was_late.is_some()) || state.late.contains(who)
    }

    /// Whether whoever was to tell what stands in the journal of `who` waited for it until near its deadline.
    pub fn was_read_late(&self, who: &Who) -> bool {
        self.was_late(who) && self.state().read_slowly.contains(who)
    }

    /// Notes that the journal of `run` is being read, until it is dropped.
    pub fn reading(&self, run: &RunKey) -> Reading {
        Reading { fates: self.clone(), who: who_is(&run.session, &run.request), began: Instant::now() }
    }

    fn noted(&self, process: usize, session: &SessionKey, purpose: Purpose) -> Call {
        let (fates, session, began) = (self.clone(), session.clone(), Instant::now());
        Call { fates, process, session, began, purpose, ok: false }
    }

    fn with(&self, process: usize, session: &SessionKey, change: impl FnOnce(&mut Lease)) {
        let mut state = self.state();
        let Some(who) = state.current.get(&(process, session_name(session))).cloned() else { return };
        if let Some(lease) = state.lease(process, &who) {
            change(lease);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn lease(&mut self, process: usize, who: &Who) -> Option<&mut Lease> {
        self.leases.get_mut(who)?.iter_mut().rfind(|lease| lease.process == process)
    }
}

impl Lease {
    fn had_reason(&self) -> bool {
        let gave_up = self.until - CLOCK_MARGIN;
        let is_last_try = |(began, ended): &(Instant, Instant)| *began >= gave_up - LAST_TRIES && *ended <= gave_up;
        let was_out_of_reach = !self.answered.iter().any(is_last_try);
        // That it was answered something else meanwhile is of no help to it.
        let could_not_renew = self.renewal_failed.is_some_and(|at| at + RENEWED_AGAIN >= gave_up);
        let could_not_append = self.appends_fail.is_some_and(|(from, until)| until - from >= APPENDS_FAIL);
        let had_no_time = self.was_late.is_some_and(|at| self.trouble_until.is_some_and(|until| until + NEAR >= at));
        // One slow renewal is all that there was time for.
        let knew_late = self.known_since.is_none_or(|since| since + SLOW >= gave_up);
        was_out_of_reach || could_not_renew || could_not_append || had_no_time || knew_late
    }

    fn note(&mut self, began: Instant, purpose: Purpose, is_answered: bool) {
        let now = Instant::now();
        if !is_answered || now - began >= SLOW {
            self.trouble_until = Some(now);
        }
        if purpose == Purpose::Renewal {
            self.renewal_failed = (!is_answered).then_some(now);
        }
        match (purpose, is_answered) {
            (Purpose::Append, true) => self.appends_fail = None,
            (Purpose::Append, false) => {
                self.appends_fail = Some((self.appends_fail.map_or(began, |(from, _)| from), now))
            }
            (_, true) => {
                self.known_since.get_or_insert(now);
                self.answered.truncate(31);
                self.answered.push_front((began, now));
            }
            (_, false) => {}
        }
    }
}

/// A read of a journal that is under way.
pub struct Reading {
    fates: Fates,
    who: Who,
    began: Instant,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.began.elapsed() >= SLOW {
            self.fates.state().read_slowly.insert(self.who.clone());
        }
    }
}

/// A call that is under way; one that is dropped unanswered has failed.
pub struct Call {
    fates: Fates,
    process: usize,
    session: SessionKey,
    began: Instant,
    purpose: Purpose,
    ok: bool,
}

impl Call {
    pub fn answered(mut self, ok: bool) {
        self.ok = ok;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let (began, purpose, ok) = (self.began, self.purpose, self.ok);
        self.fates.with(self.process, &self.session, |lease| lease.note(began, purpose, ok));
    }
}

fn session_name(session: &SessionKey) -> String {
    format!("{}/{}", session.principal, session.session)
}
