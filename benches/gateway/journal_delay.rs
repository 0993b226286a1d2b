//! (f) The delay that the journal adds: the worker with a journal against the same worker with none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentcore_gateway::journal::Journal;
use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use agentcore_gateway::session::memory::MemoryTable;
use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::event;
use crate::client::{Reply, all_delays, first_delays, join_all};
use crate::in_process::Stores;
use crate::journals::{NoJournal, RemoteJournal};
use crate::report::{Report, ms, times};
use crate::scripted::ScriptedAgent;
use crate::stats::{Moment, Times, ratio};

const ROUNDS: usize = 6;
const SESSIONS: usize = 50;
/// 50 events a second, for 2 s.
const EVENTS: usize = 100;
const EVERY: Duration = Duration::from_millis(20);
/// What a call of a table takes.
const LATENCY: Duration = Duration::from_millis(20);

/// A hundredth of a millisecond more is nothing to anybody, however quiet the machine.
const NOTHING: Duration = Duration::from_micros(10);

/// What the worker keeps frames in. `None` is measured twice, which shows the noise.
#[derive(Debug, Clone, Copy)]
enum Kept {
    None,
    InMemory,
    Remotely,
}

/// The order within a round. What disturbs the machine for a while then disturbs all alike.
const ROWS: [(&str, Kept); 4] = [
    ("no journal", Kept::None),
    ("in memory", Kept::InMemory),
    ("no journal, once more", Kept::None),
    ("in memory, 20 ms per call", Kept::Remotely),
];

/// One run, as seen from outside.
#[derive(Debug, Clone)]
struct Run {
    reply: Reply,
    called: Moment,
}

impl Run {
    /// From delivery to the agent's call.
    fn to_call(&self) -> Duration {
        self.called.since(self.reply.asked)
    }

    /// From the emission of the last event to the push of the ending.
    fn to_ending(&self) -> Duration {
        self.reply.events.last().map(|(emitted, _)| self.reply.ended.since(*emitted)).unwrap_or_default()
    }
}

/// All rounds of one row.
#[derive(Default)]
struct Row {
    runs: Vec<Run>,
    /// The delays of first events, round by round.
    first: Vec<Times>,
}

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    report.title("(f) Delay against no journal: the worker alone, 50 sessions at once, 50 events/s each")?;
    let mut rows: [Row; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (row, (_, kept)) in rows.iter_mut().zip(ROWS) {
            let runs = round(kept).await?;
            row.first.push(first_delays(&replies(&runs)));
            row.runs.extend(runs);
        }
    }
    delays(report, &rows)?;
    durable_steps(report, &rows)?;
    let [once, in_memory, again, remotely] = &rows;
    let noise: Vec<&Times> = once.first.iter().chain(&again.first).collect();
    for (name, row) in [("in memory", in_memory), ("at 20 ms per call", remotely)] {
        within_noise(report, &format!("{name}: first event p50"), &row.first, &noise, Times::p50);
        within_noise(report, &format!("{name}: first event p99"), &row.first, &noise, Times::p99);
    }
    Ok(())
}

fn delays(report: &Report, rows: &[Row; 4]) -> Result<()> {
    report.columns(&["first p50", "first p99", "all p50", "all p99", "replies"])?;
    let measured = rows.each_ref().map(|row| {
        let replies = replies(&row.runs);
        let (first, all) = (first_delays(&replies), all_delays(&replies));
        [first.p50(), first.p99(), all.p50(), all.p99()]
    });
    for (at, (name, _)) in ROWS.iter().enumerate() {
        report.row(name, &[measured[at].map(ms).as_slice(), &[rows[at].runs.len().to_string()]].concat())?;
        if at > 0 {
            let ratios = measured[at].iter().zip(measured[0]).map(|(one, base)| times(ratio(*one, base)));
            report.row("  ratio", &ratios.collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

/// Where a run waits for its journal: it must know that it is the only one, and that its ending will stand.
fn durable_steps(report: &Report, rows: &[Row; 4]) -> Result<()> {
    report.columns(&["to call p50", "to call p99", "to ending p50", "to ending p99"])?;
    for ((name, _), row) in ROWS.iter().zip(rows) {
        let to_call: Times = row.runs.iter().map(Run::to_call).collect();
        let to_ending: Times = row.runs.iter().map(Run::to_ending).collect();
        report.row(name, &[to_call.p50(), to_call.p99(), to_ending.p50(), to_ending.p99()].map(ms))?;
    }
    Ok(())
}

/// In its middle round a row must not exceed what nine in ten rounds without a journal keep to, but for nothing.
fn within_noise(report: &mut Report, name: &str, rounds: &[Times], noise: &[&Times], of: fn(&Times) -> Duration) {
    let middle = rounds.iter().map(of).collect::<Times>().p50();
    let without: Times = noise.iter().map(|round| of(round)).collect();
    let measured = format!("{}, without a journal {} to {}", ms(middle), ms(without.p50()), ms(without.p90()));
    report.target(format!("(f) {name} within the noise"), measured, middle <= without.p90() + NOTHING);
}

fn replies(runs: &[Run]) -> Vec<Reply> {
    runs.iter().map(|run| run.reply.clone()).collect()
}

/// One reply in each of the sessions. They start evenly within 100 ms, as independent ones would.
async fn round(kept: Kept) -> Result<Vec<Run>> {
    let journal: Arc<dyn Journal> = match kept {
        Kept::None => Arc::new(NoJournal),
        Kept::InMemory => Arc::new(MemoryJournal::default()),
        Kept::Remotely => Arc::new(RemoteJournal::new(LATENCY)),
    };
    let stores = Stores::new(&Arc::new(MemoryTable::default()), journal);
    let mut tasks = JoinSet::new();
    for at in 0..SESSIONS {
        let stores = stores.clone();
        tasks.spawn(async move {
            sleep(Duration::from_millis(100).mul_f64(at as f64 / SESSIONS as f64)).await;
            Ok(vec![run(&stores).await?])
        });
    }
    join_all(tasks).await
}

async fn run(stores: &Stores) -> Result<Run> {
    let agent = Arc::new(ScriptedAgent::new(EVENTS, EVERY, |_| event(0)));
    let watcher = Arc::new(Watcher(Mutex::new(Reply::new())));
    stores.run(agent.clone(), watcher.clone()).await?;
    let reply = watcher.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if reply.events.len() != EVENTS {
        return Err(format!("a reply had {} events instead of {EVENTS}", reply.events.len()).into());
    }
    Ok(Run { reply, called: agent.called().ok_or("the agent was not called")? })
}

/// A connection that takes everything at once, and notes when it came.
struct Watcher(Mutex<Reply>);

#[async_trait]
impl Push for Watcher {
    async fn push(&self, _: &ConnectionId, text: &str) -> std::result::Result<(), PushError> {
        let mut reply = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reply.note(text.as_bytes());
        reply.ended = Moment::now();
        Ok(())
    }
}
