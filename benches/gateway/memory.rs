//! (d) The memory of an open stream, with a thousand at once.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::Plan;
use crate::client::{Client, join_all};
use crate::gateway::Gateway;
use crate::report::{Report, kib};

const STREAMS: usize = 1000;
const EVENTS: usize = 40;
const EVERY_MS: u64 = 200;
/// Each stream has had so many events when the memory is read, and none has ended.
const SEEN: usize = 10;

const PER_STREAM: u64 = 64 * 1024;

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(d) Resident memory of the gateway, with 1,000 streams of 5 events/s")?;
    let gateway = Gateway::start(agent, &[])?;
    // One reply first, so that what every gateway needs is not charged to the streams.
    Client::connect(gateway.target()).await?.ask(Plan::new(1, 0)).await?;
    let empty = gateway.resident()?;
    let clients = Client::connect_many(gateway.target(), STREAMS).await?;
    let connected = gateway.resident()?;

    let plan = Plan::new(EVENTS, EVERY_MS);
    let (progress, mut ready) = watch::channel(0_usize);
    let mut tasks = JoinSet::new();
    for (at, mut client) in clients.into_iter().enumerate() {
        let progress = progress.clone();
        tasks.spawn(async move {
            sleep(Duration::from_secs(1).mul_f64(at as f64 / STREAMS as f64)).await;
            let mut is_counted = false;
            let seen = |events| {
                if events >= SEEN && !is_counted {
                    is_counted = true;
                    progress.send_modify(|streams| *streams += 1);
                }
            };
            client.ask_watched(plan, seen).await?;
            Ok(vec![client])
        });
    }
    drop(progress);
    ready.wait_for(|streams| *streams == STREAMS).await.map_err(|_| "a stream ended too early")?;
    let streaming = gateway.resident()?;
    if let Some(ended) = tasks.try_join_next() {
        ended??;
        return Err("a stream ended before all were open".into());
    }
    let clients = join_all(tasks).await?;
    let after = gateway.resident()?;
    drop(clients);

    let per = |resident: u64| kib(resident.saturating_sub(empty) / STREAMS as u64);
    report.columns(&["resident", "per stream"])?;
    report.row("started, one reply served", &[kib(empty), String::new()])?;
    report.row("1,000 connections", &[kib(connected), per(connected)])?;
    report.row("1,000 connections, each with a stream", &[kib(streaming), per(streaming)])?;
    report.row("the streams have ended", &[kib(after), per(after)])?;
    let each = streaming.saturating_sub(empty) / STREAMS as u64;
    report.target("(d) at most 64 KiB per stream", kib(each), each <= PER_STREAM);
    Ok(())
}
