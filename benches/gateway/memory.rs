//! (d) The memory of an open stream, with a thousand at once.

use std::net::SocketAddr;

use crate::Result;
use crate::agent::Plan;
use crate::report::{Report, kib};
use crate::streams;

const EVENTS: usize = 40;
const EVERY_MS: u64 = 200;
/// Each stream has had so many events when the memory is read.
const SEEN: usize = 10;

const PER_STREAM: u64 = 64 * 1024;

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(d) Resident memory of the gateway, with 1,000 streams of 5 events/s")?;
    let resident = streams::resident(agent, Plan::new(EVENTS, EVERY_MS), SEEN).await?;
    let cells = |bytes: u64| [kib(bytes), kib(resident.per_stream(bytes))];
    report.columns(&["resident", "per stream"])?;
    report.row("started, one reply served", &[kib(resident.empty), String::new()])?;
    report.row("1,000 connections", &cells(resident.connected))?;
    report.row("1,000 connections, each with a stream", &cells(resident.streaming))?;
    report.row("the streams have ended", &cells(resident.ended))?;
    let each = resident.per_stream(resident.streaming);
    report.target("(d) at most 64 KiB per stream", kib(each), each <= PER_STREAM);
    Ok(())
}
