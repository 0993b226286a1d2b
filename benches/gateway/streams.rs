//! A thousand streams at once, and the memory that the gateway has meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::Plan;
use crate::client::{Client, join_all};
use crate::gateway::Gateway;

pub(crate) const STREAMS: usize = 1000;

/// The gateway's resident memory, in bytes.
pub(crate) struct Resident {
    /// One reply was served, so that what every gateway needs is not charged to the streams.
    pub(crate) empty: u64,
    pub(crate) connected: u64,
    pub(crate) streaming: u64,
    /// How many events all clients had by then.
    pub(crate) events: usize,
    pub(crate) ended: u64,
}

impl Resident {
    /// What each stream has of `resident`.
    pub(crate) fn per_stream(&self, resident: u64) -> u64 {
        resident.saturating_sub(self.empty) / STREAMS as u64
    }
}

#[derive(Default)]
struct Progress {
    streams: usize,
    events: usize,
}

/// Opens the streams within a second, and reads the memory when each has had `seen` events, and none has ended.
pub(crate) async fn resident(agent: SocketAddr, plan: Plan, seen: usize) -> Result<Resident> {
    let gateway = Gateway::start(agent, &[])?;
    Client::connect(gateway.target()).await?.ask(Plan::new(1, 0)).await?;
    let empty = gateway.resident()?;
    let clients = Client::connect_many(gateway.target(), STREAMS).await?;
    let connected = gateway.resident()?;

    let (progress, mut ready) = watch::channel(Progress::default());
    let mut tasks = JoinSet::new();
    for (at, mut client) in clients.into_iter().enumerate() {
        let progress = progress.clone();
        tasks.spawn(async move {
            sleep(Duration::from_secs(1).mul_f64(at as f64 / STREAMS as f64)).await;
            let mut had = 0;
            let note = |events| {
                progress.send_modify(|progress| {
                    progress.streams += usize::from(had < seen && events >= seen);
                    progress.events += events - had;
                });
                had = events;
            };
            client.ask_watched(plan, note).await?;
            Ok(vec![client])
        });
    }
    drop(progress);
    let ready = ready.wait_for(|progress| progress.streams == STREAMS).await;
    let events = ready.map_err(|_| "a stream ended too early")?.events;
    let streaming = gateway.resident()?;
    if let Some(ended) = tasks.try_join_next() {
        ended??;
        return Err("a stream ended before all were open".into());
    }
    let clients = join_all(tasks).await?;
    let ended = gateway.resident()?;
    drop(clients);
    Ok(Resident { empty, connected, streaming, events, ended })
}
