//! How often a reply is pushed, and how long its events wait for that, by the pace of its frames. Part of figure (e).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::journal::memory::MemoryJournal;
use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::worker::pace::Pace;
use agentcore_gateway::worker::settings::Settings;
use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;

use crate::Result;
use crate::in_process::Stores;
use crate::prose::{EVENTS_PER_SECOND, agent};
use crate::report::{Report, ms};
use crate::stats::Times;

/// The ages of a reply that are told apart, in seconds: from each to the next.
const AGES: [u64; 6] = [0, 1, 4, 10, 60, 600];

/// What one connection sees of a reply.
pub(crate) struct Seen {
    pace: &'static str,
    seconds: u32,
    messages: usize,
    /// How long the events of each age waited.
    waits: Vec<Times>,
}

/// What is seen of replies of these lengths in seconds, at a constant pace and at the one that slows down.
pub(crate) async fn seen(lengths: &[u32]) -> Result<Vec<Seen>> {
    let constant = Pace::new(Pace::SHORTEST, Some(Pace::SHORTEST))?;
    let mut all = Vec::new();
    for &seconds in lengths {
        for (name, pace) in [("constant", constant), ("growing", Pace::default())] {
            all.push(Seen::of(name, pace, seconds).await?);
        }
    }
    Ok(all)
}

pub(crate) fn rows(report: &Report, all: &[Seen]) -> Result<()> {
    report.columns(&["messages", "first second", "to 4 s", "to 10 s", "to 60 s", "to 600 s"])?;
    for Seen { pace, seconds, messages, waits } in all {
        let waits = waits.iter().map(|waits| match waits.count() {
            0 => String::new(),
            _ => format!("{}/{}", ms(waits.p50()), ms(waits.p99())),
        });
        let cells: Vec<String> = std::iter::once(messages.to_string()).chain(waits).collect();
        report.row(format!("{seconds} s, {pace} pace, p50/p99"), &cells)?;
    }
    Ok(())
}

impl Seen {
    async fn of(name: &'static str, pace: Pace, seconds: u32) -> Result<Self> {
        let arrivals = Arc::new(Arrivals::default());
        let table = Arc::new(MemoryTable::default());
        let stores = Stores::new(&table, Arc::new(MemoryJournal::default()));
        let settings = Settings { pace, ..Settings::default() };
        stores.run_with(settings, Arc::new(agent(1, seconds)?), arrivals.clone()).await?;
        // `accepted` is a message too.
        Ok(Self { pace: name, seconds, messages: arrivals.pushes() + 1, waits: arrivals.waits() })
    }
}

/// A connection that takes everything at once, and notes when it got how many events.
#[derive(Default)]
struct Arrivals(Mutex<Vec<(Instant, usize)>>);

impl Arrivals {
    fn pushes(&self) -> usize {
        self.all().len()
    }

    /// How long events waited, by the age of the reply. The first one waits for nothing, so its arrival is its emission.
    fn waits(&self) -> Vec<Times> {
        let arrivals: Vec<Instant> =
            self.all().into_iter().flat_map(|(at, count)| std::iter::repeat_n(at, count)).collect();
        let Some(began) = arrivals.first().copied() else { return Vec::new() };
        let every = Duration::from_secs(1) / EVENTS_PER_SECOND;
        let waited: Vec<(Duration, Duration)> = (0..)
            .zip(&arrivals)
            .map(|(number, at)| (every * number, at.saturating_duration_since(began + every * number)))
            .collect();
        let between = |from: u64, to: u64| {
            let is_in = move |age: Duration| (from..to).contains(&age.as_secs());
            waited.iter().filter(|(age, _)| is_in(*age)).map(|(_, wait)| *wait).collect()
        };
        AGES.windows(2).map(|ages| between(ages[0], ages[1])).collect()
    }

    fn all(&self) -> Vec<(Instant, usize)> {
        self.0.lock().map(|all| all.clone()).unwrap_or_default()
    }
}

#[async_trait]
impl Push for Arrivals {
    async fn push(&self, _: &ConnectionId, frame: &str) -> std::result::Result<(), PushError> {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let count = frame["events"].as_array().map_or(0, Vec::len);
        if let Ok(mut all) = self.0.lock() {
            all.push((Instant::now(), count));
        }
        Ok(())
    }
}
