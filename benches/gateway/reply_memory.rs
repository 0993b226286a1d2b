//! (h) The memory of replies under way, with a thousand at once, and of their journals.

use std::net::SocketAddr;

use crate::Result;
use crate::agent::Plan;
use crate::report::{Report, kib, times};
use crate::streams::{self, STREAMS};

const EVENT_BYTES: usize = 5000;
const EVERY_MS: u64 = 400;
const EVENTS: usize = 25;
/// Each reply has 100 KB when the memory is read.
const SEEN: usize = 20;

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(h) Resident memory of the gateway, with 1,000 runs of 100 KB of reply so far")?;
    let plan = Plan::new(EVENTS, EVERY_MS).of_bytes(EVENT_BYTES);
    let resident = streams::resident(agent, plan, SEEN).await?;
    // The last ones to begin reach 100 KB when the first ones already have a little more.
    let so_far = (resident.events * EVENT_BYTES) as u64;
    let whole = (STREAMS * EVENTS * EVENT_BYTES) as u64;
    report.columns(&["resident", "per run", "reply per run", "ratio"])?;
    report.row("started, one reply served", &[kib(resident.empty)])?;
    for (name, bytes, reply) in
        [("1,000 runs under way", resident.streaming, so_far), ("the runs have ended", resident.ended, whole)]
    {
        let (each, of_reply) = (resident.per_stream(bytes), reply / STREAMS as u64);
        report.row(name, &[kib(bytes), kib(each), kib(of_reply), times(each as f64 / of_reply as f64)])?;
        report.row("  besides the reply", &[String::new(), kib(each.saturating_sub(of_reply))])?;
    }
    Ok(())
}
