//! A fake agent on a real socket: HTTP/1.1 as scripted, good or bad, with every request recorded.
//!
//! A handler makes one [`Script`] per request. `FakeAgent::start(|_| Script::json("1"))` answers all alike;
//! `FakeAgent::sequence([…])` answers in order; [`Script::stream`] gives the test a handle that sends a body step by
//! step. The agent is gone, with all its connections, when it is dropped.

mod script;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

pub use script::Script;
#[cfg(feature = "authorizer")]
pub use script::Steps;

/// One request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Path and query, as they stood on the wire.
    pub path: String,
    /// Names in lower case, in the order of the wire.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// The value of the header `name` (lower case), which must not come twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "the header {name} came twice");
        value
    }
}

type Handler = Arc<Mutex<dyn FnMut(&Request) -> Script + Send>>;

pub struct FakeAgent {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    arrivals: tokio::sync::Mutex<UnboundedReceiver<Request>>,
    server: JoinHandle<()>,
}

impl FakeAgent {
    /// Starts an agent on a free port of 127.0.0.1 that does with each request what `handler` says.
    pub async fn start(handler: impl FnMut(&Request) -> Script + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, (arrived, arrivals)) = (Arc::new(Mutex::new(Vec::new())), unbounded_channel());
        let log = Log { requests: Arc::clone(&requests), arrived };
        let server = tokio::spawn(serve(listener, Arc::new(Mutex::new(handler)), log));
        Self { address, requests, arrivals: tokio::sync::Mutex::new(arrivals), server }
    }

    /// An agent that follows `scripts`, one per request. A request too many is answered with 500.
    pub async fn sequence(scripts: impl IntoIterator<Item = Script>) -> Self {
        let mut scripts: VecDeque<Script> = scripts.into_iter().collect();
        Self::start(move |_| scripts.pop_front().unwrap_or_else(|| Script::status(500, "no script is left"))).await
    }

    /// An agent that does `script` with its only request.
    pub async fn once(script: Script) -> Self {
        Self::sequence([script]).await
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, each there before it is answered.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request so far.
    pub fn only_request(&self) -> Request {
        let [request] = <[Request; 1]>::try_from(self.requests()).expect("exactly one request");
        request
    }

    /// Waits for the next request that no call of this has returned yet.
    pub async fn next_request(&self) -> Request {
        self.arrivals.lock().await.recv().await.expect("the agent runs")
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A port that refuses connections for as long as this lives: bound, so that nobody else gets it, but not listening.
pub struct RefusingPort(TcpSocket);

impl RefusingPort {
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

#[derive(Clone)]
struct Log {
    requests: Arc<Mutex<Vec<Request>>>,
    arrived: UnboundedSender<Request>,
}

async fn serve(listener: TcpListener, handler: Handler, log: Log) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (handler, log) = (Arc::clone(&handler), log.clone());
        // A client may close a connection at any moment; that is its right and no error here.
        connections.spawn(async move { drop(wire::converse(stream, handler, log).await) });
        while connections.try_join_next().is_some() {}
    }
}
