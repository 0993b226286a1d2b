//! One client of the load generator, in either of its two forms, and what it sees of a reply.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Result;
use crate::agent::{Plan, emissions};
use crate::direct::Direct;
use crate::stats::{Moment, Times};
use crate::websocket::WebSocket;

/// A reply that takes so much longer than its plan is an error; nothing waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom the clients ask.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The gateway, over a WebSocket.
    Gateway(SocketAddr),
    /// The agent itself, over HTTP: what the gateway's figures are compared with.
    Agent(SocketAddr),
}

/// One open connection.
pub(crate) enum Client {
    Gateway(Box<WebSocket>),
    Agent(Box<Direct>),
}

impl Client {
    pub(crate) async fn connect(target: Target) -> Result<Self> {
        Ok(match target {
            Target::Gateway(address) => Self::Gateway(Box::new(WebSocket::connect(address).await?)),
            Target::Agent(address) => Self::Agent(Box::new(Direct::connect(address).await?)),
        })
    }

    /// `count` clients, connected one after the other.
    pub(crate) async fn connect_many(target: Target, count: usize) -> Result<Vec<Self>> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(Self::connect(target).await?);
        }
        Ok(clients)
    }

    /// Asks for the reply that `plan` describes, and reads it to its end.
    pub(crate) async fn ask(&mut self, plan: Plan) -> Result<Reply> {
        self.ask_watched(plan, |_| {}).await
    }

    /// The same; `seen` is told the number of events after each read that brought some.
    pub(crate) async fn ask_watched(&mut self, plan: Plan, mut seen: impl FnMut(usize)) -> Result<Reply> {
        let mut reply = Reply::new();
        let reading = async {
            match self {
                Self::Gateway(socket) => socket.ask(plan, &mut reply, &mut seen).await,
                Self::Agent(direct) => direct.ask(plan, &mut reply, &mut seen).await,
            }
        };
        tokio::time::timeout(plan.takes() + PATIENCE, reading).await.map_err(|_| "a reply did not end")??;
        let events = reply.events.len();
        if events != plan.events {
            return Err(format!("a reply had {events} events instead of {}", plan.events).into());
        }
        Ok(reply)
    }
}

/// What a client saw of one reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) asked: Moment,
    pub(crate) ended: Moment,
    /// When each event was emitted, and when it arrived.
    pub(crate) events: Vec<(Moment, Moment)>,
    /// How many frames of the run came, `started` and the ending among them.
    pub(crate) frames: usize,
}

impl Reply {
    pub(crate) fn new() -> Self {
        let now = Moment::now();
        Self { asked: now, ended: now, events: Vec::new(), frames: 0 }
    }

    /// Notes the events in `text`, which has just come.
    pub(crate) fn note(&mut self, text: &[u8]) {
        let now = Moment::now();
        self.events.extend(emissions(text).map(|emitted| (emitted, now)));
    }

    /// From the question to the first event.
    pub(crate) fn time_to_first(&self) -> Duration {
        self.events.first().map(|(_, arrived)| arrived.since(self.asked)).unwrap_or_default()
    }

    /// From emission to arrival, event by event.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> {
        self.events.iter().map(|(emitted, arrived)| arrived.since(*emitted))
    }
}

/// The delays of the first events of all `replies`.
pub(crate) fn first_delays(replies: &[Reply]) -> Times {
    replies.iter().filter_map(|reply| reply.delays().next()).collect()
}

/// The delays of all events of all `replies`.
pub(crate) fn all_delays(replies: &[Reply]) -> Times {
    replies.iter().flat_map(Reply::delays).collect()
}

/// What `doing` returns, unless it takes so long that something has gone wrong.
pub(crate) async fn patiently<T>(doing: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, doing).await.map_err(|_| "a reply did not come, or did not end")?
}

/// All that the tasks return, or the first error.
pub(crate) async fn join_all<T: 'static>(mut tasks: JoinSet<Result<Vec<T>>>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(task) = tasks.join_next().await {
        all.extend(task??);
    }
    Ok(all)
}
