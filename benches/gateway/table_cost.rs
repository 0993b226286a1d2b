//! (e) What a reply costs at a table that charges as DynamoDB does.

use std::sync::Arc;

use crate::Result;
use crate::detached_cost::Message;
use crate::in_process::{Nowhere, Stores};
use crate::metered::{Bill, Cost, MeteredTable};
use crate::paces;
use crate::prose::{EVENTS_PER_SECOND, Prose, agent};
use crate::report::{Report, times};

const REPLY_SECONDS: u32 = 10;
const CHATTY_EVENT_BYTES: usize = 200;

/// Lengths of replies whose price is in docs/cost.md.
const COST_SECONDS: [u32; 4] = [1, 10, 60, 600];

const WRITE_UNITS: usize = 12;
const READ_UNITS: usize = 14;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    report.title("(e) Table calls of one reply: 300 events within 10 s, by DynamoDB's units")?;
    // Only what happens is counted, not how long it takes; so ten seconds need not pass.
    tokio::time::pause();
    let words = bill(1).await?;
    let chatty = bill(CHATTY_EVENT_BYTES).await?;
    let mut counts = Vec::new();
    for seconds in COST_SECONDS {
        counts.push(Counts::of(seconds).await?);
    }
    let paces = paces::seen(&COST_SECONDS).await?;
    let said = Message::of(&Prose::of(1).events(EVENTS_PER_SECOND as usize)).await?;
    let heartbeat = Message::of(&[]).await?;
    tokio::time::resume();

    report.columns(&["calls", "write units", "read units"])?;
    report.row("events of one word", &[])?;
    rows(report, &words)?;
    report.row("events of 200 bytes of prose", &[])?;
    rows(report, &chatty)?;
    report.columns(&["frames' bytes", "stored bytes", "ratio", "largest item"])?;
    sizes(report, "events of one word", &words)?;
    sizes(report, "events of 200 bytes of prose", &chatty)?;

    cost_counts(report, &counts)?;
    paces::rows(report, &paces)?;
    detached_counts(report, &[("a second of words", &said), ("a heartbeat", &heartbeat)])?;
    write_counts(&counts, &said, &heartbeat)?;

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

/// What AWS charges for one prompt, besides the time of functions.
struct Counts {
    seconds: u32,
    pushes: usize,
    visibility_changes: usize,
    bill: Bill,
}

impl Counts {
    async fn of(seconds: u32) -> Result<Self> {
        let (table, pushes) = (Arc::new(MeteredTable::default()), Arc::new(Nowhere::default()));
        let stores = Stores::new(&table, table.clone());
        stores.run(Arc::new(agent(1, seconds)?), pushes.clone()).await?;
        let visibility_changes = stores.visibility_changes();
        Ok(Self { seconds, pushes: pushes.count(), visibility_changes, bill: table.bill() })
    }

    fn json(&self) -> serde_json::Value {
        // A connection that the session knows is not recorded again.
        let first = self.bill.kinds.iter().find(|(kind, _)| *kind == "connection, record");
        serde_json::json!({
            "seconds": self.seconds,
            "events": self.seconds * EVENTS_PER_SECOND,
            "pushes": self.pushes,
            "visibility_changes": self.visibility_changes,
            "write_units": self.bill.total().write_units,
            "write_units_of_first_prompt_only": first.map_or(0, |(_, cost)| cost.write_units),
            "read_units": self.bill.total().read_units,
        })
    }
}

/// Prints what is counted for docs/cost.md.
fn cost_counts(report: &Report, counts: &[Counts]) -> Result<()> {
    report.columns(&["pushes", "hidden longer", "write units", "read units"])?;
    for Counts { seconds, pushes, visibility_changes, bill } in counts {
        let Cost { write_units, read_units, .. } = bill.total();
        let cells = [*pushes, *visibility_changes, write_units, read_units].map(|count| count.to_string());
        report.row(format!("words for {seconds} s"), &cells)?;
    }
    Ok(())
}

fn detached_counts(report: &Report, messages: &[(&str, &Message)]) -> Result<()> {
    report.columns(&["pushes", "calls", "write units", "read units"])?;
    for (what, Message { pushes, cost }) in messages {
        let cells = [*pushes, cost.calls, cost.write_units, cost.read_units].map(|count| count.to_string());
        report.row(format!("message of an agent that goes on by itself: {what}"), &cells)?;
    }
    Ok(())
}

/// Writes the counts to the file that `COST_COUNTS` names, if it does.
fn write_counts(counts: &[Counts], said: &Message, heartbeat: &Message) -> Result<()> {
    let Some(path) = std::env::var_os("COST_COUNTS") else { return Ok(()) };
    let counts = serde_json::json!({
        "replies": counts.iter().map(Counts::json).collect::<Vec<_>>(),
        // As agentcore_example/long_run.py sends them.
        "messages": [said.json("a message a second", 1), heartbeat.json("silent: heartbeats", 20)],
    });
    std::fs::write(path, serde_json::to_string_pretty(&counts)? + "\n")?;
    Ok(())
}

/// One reply of events of about `event_bytes`, with the worker's default settings and one connection.
async fn bill(event_bytes: usize) -> Result<Bill> {
    let table = Arc::new(MeteredTable::default());
    let agent = agent(event_bytes, REPLY_SECONDS)?;
    Stores::new(&table, table.clone()).run(Arc::new(agent), Arc::new(Nowhere::default())).await?;
    Ok(table.bill())
}
