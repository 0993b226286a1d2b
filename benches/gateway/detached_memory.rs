//! (l) The memory of runs whose agents go on by themselves, with two thousand at once.

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Result;
use crate::agent::{Plan, event};
use crate::client::patiently;
use crate::detaching::{self, Offer, ReplyQueue};
use crate::gateway::Gateway;
use crate::report::{Report, kib};
use crate::websocket::WebSocket;

const RUNS: usize = 2000;
/// So many begin at once: the agents' calls, which are over soon, are not what is measured.
const AT_ONCE: usize = 20;
/// Each run has had so many messages of one event when the memory is read.
const MESSAGES: u64 = 10;

/// Beside the frames in the journal.
const PER_RUN: u64 = 24 * 1024;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    report.title("(l) Resident memory of the gateway, with 2,000 detached runs that have had 10 messages each")?;
    let (agent, mut offers) = detaching::start().await?;
    let gateway = Gateway::start(agent, &["--long-runs"])?;
    let mut queue = ReplyQueue::connect(gateway.address()).await?;
    serve_one(&gateway, &mut offers, &mut queue).await?;
    let empty = gateway.resident()?;
    let mut devices = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        devices.push(WebSocket::connect(gateway.address()).await?);
    }
    let connected = gateway.resident()?;
    let mut journal = 0;
    let mut runs = Vec::with_capacity(RUNS);
    for devices in devices.chunks_mut(AT_ONCE) {
        for device in &mut *devices {
            device.begin(Plan::new(0, 0)).await?;
        }
        journal += frames(devices).await?;
        for _ in devices {
            runs.push(offers.recv().await.ok_or("the agent is gone")?);
        }
    }
    for index in 0..MESSAGES {
        for run in &runs {
            let event: Value = serde_json::from_str(&event(0))?;
            queue.send(run, index, json!({"events": [event]})).await?;
        }
        journal += frames(&mut devices).await?;
    }
    let detached = gateway.resident()?;
    let per_run = |resident: u64| resident.saturating_sub(empty) / RUNS as u64;
    let of_journal = journal / RUNS as u64;
    let besides = per_run(detached).saturating_sub(of_journal);
    report.columns(&["resident", "per run"])?;
    report.row("started, one run served", &[kib(empty)])?;
    report.row("2,000 connections", &[kib(connected), kib(per_run(connected))])?;
    report.row("2,000 connections, each with a run", &[kib(detached), kib(per_run(detached))])?;
    report.row("  frames in the journal", &[String::new(), kib(of_journal)])?;
    report.row("  besides them", &[String::new(), kib(besides)])?;
    report.target("(l) at most 24 KiB per detached run beside its journal", kib(besides), besides <= PER_RUN);
    Ok(())
}

/// What every gateway needs that has served one run is not charged to the others.
async fn serve_one(gateway: &Gateway, offers: &mut UnboundedReceiver<Offer>, queue: &mut ReplyQueue) -> Result<()> {
    let mut device = WebSocket::connect(gateway.address()).await?;
    device.begin(Plan::new(0, 0)).await?;
    let run = offers.recv().await.ok_or("the agent is gone")?;
    queue.send(&run, 0, json!({"end": {"outcome": "completed"}})).await?;
    while !patiently(device.frame()).await?.is_completed() {}
    Ok(())
}

/// The next frame of each device; how many bytes they have in all.
async fn frames(devices: &mut [WebSocket]) -> Result<u64> {
    let mut bytes = 0;
    for device in devices {
        bytes += patiently(device.frame()).await?.text.len() as u64;
    }
    Ok(bytes)
}
