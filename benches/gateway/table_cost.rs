//! (e) What a reply costs at a table that charges as DynamoDB does.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use agentcore_gateway::random::Random;
use async_trait::async_trait;

use crate::Result;
use crate::in_process::Stores;
use crate::metered::{Bill, Cost, MeteredTable};
use crate::report::{Report, times};
use crate::scripted::ScriptedAgent;

const EVENTS: usize = 300;
const REPLY: Duration = Duration::from_secs(10);
const CHATTY_EVENT_BYTES: usize = 200;

const WRITE_UNITS: usize = 12;
const READ_UNITS: usize = 14;

/// Where the words come from: varied, and the same for ever.
const TEXT: &str = include_str!("../../LICENSE");

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    report.title("(e) Table calls of one reply: 300 events within 10 s, by DynamoDB's units")?;
    // Only what happens is counted, not how long it takes; so ten seconds need not pass.
    tokio::time::pause();
    let words = bill(1).await?;
    let chatty = bill(CHATTY_EVENT_BYTES).await?;
    tokio::time::resume();

    report.columns(&["calls", "write units", "read units"])?;
    report.row("events of one word", &[])?;
    rows(report, &words)?;
    report.row("events of 200 bytes of prose", &[])?;
    rows(report, &chatty)?;
    report.columns(&["frames' bytes", "stored bytes", "ratio", "largest item"])?;
    sizes(report, "events of one word", &words)?;
    sizes(report, "events of 200 bytes of prose", &chatty)?;

    let Cost { write_units, read_units, .. } = words.total();
    report.target("(e) at most 12 write units per reply", write_units, write_units <= WRITE_UNITS);
    report.target("(e) at most 14 read units per reply", read_units, read_units <= READ_UNITS);
    Ok(())
}

fn rows(report: &Report, bill: &Bill) -> Result<()> {
    for (kind, cost) in &bill.kinds {
        report.row(format!("  {kind}"), &cells(*cost))?;
    }
    report.row("  in all", &cells(bill.total()))
}

fn cells(Cost { calls, write_units, read_units }: Cost) -> [String; 3] {
    [calls, write_units, read_units].map(|count| count.to_string())
}

fn sizes(report: &Report, name: &str, bill: &Bill) -> Result<()> {
    let items = || bill.segments.iter().map(|(_, bytes)| *bytes);
    let (stored, largest) = (items().sum::<usize>(), items().max().unwrap_or_default());
    let ratio = times(stored as f64 / bill.frame_bytes as f64);
    report.row(name, &[bill.frame_bytes.to_string(), stored.to_string(), ratio, largest.to_string()])
}

/// One reply of events of about `event_bytes`, with the worker's default settings and one connection.
async fn bill(event_bytes: usize) -> Result<Bill> {
    let table = Arc::new(MeteredTable::default());
    let prose = Prose { words: TEXT.split_whitespace().collect(), random: Random::seeded(1) };
    let every = REPLY / u32::try_from(EVENTS)?;
    let agent = ScriptedAgent::new(EVENTS, every, move |_| prose.event(event_bytes));
    Stores::new(&table, table.clone()).run(Arc::new(agent), Arc::new(Nowhere)).await?;
    Ok(table.bill())
}

/// The words of the text in random order, so that they are as frequent as words are, and no sentence comes twice.
struct Prose {
    words: Vec<&'static str>,
    random: Random,
}

impl Prose {
    /// A JSON string of at least so many bytes, and of at least one word.
    fn event(&self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            let at = self.random.bits() % self.words.len() as u128;
            text.push(' ');
            text.push_str(self.words[usize::try_from(at).unwrap_or_default()]);
        }
        serde_json::Value::from(text).to_string()
    }
}

/// A connection that takes everything at once.
struct Nowhere;

#[async_trait]
impl Push for Nowhere {
    async fn push(&self, _: &ConnectionId, _: &str) -> std::result::Result<(), PushError> {
        Ok(())
    }
}
