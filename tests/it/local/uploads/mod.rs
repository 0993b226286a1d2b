//! The place for uploads on one machine, as a client with a URL sees it.

mod address;
mod pages;
mod puts;
mod room;
mod whole;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentcore_gateway::clock::{Clock, Timestamp, millis};
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::uploads::{MemoryUploads, UploadDoor};
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId, UploadId};
use agentcore_gateway::protocol::invocation::PromptContent;
use agentcore_gateway::queue::Prompts;
use agentcore_gateway::queue::memory::{MemoryQueue, QueueLimits};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::random::Random;
use agentcore_gateway::session::{RunKey, SessionKey};
use agentcore_gateway::trace::TraceContext;
use agentcore_gateway::uploads::{FetchError, OfferError, UploadKey, Uploads};
use axum::Router;
use axum::extract::Request;
use bytes::Bytes;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// A clock that stands still until it is moved.
struct StandingClock(AtomicU64);

impl StandingClock {
    fn move_on(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// A place for uploads, and the door to it on a real socket.
struct Place {
    store: Arc<MemoryUploads>,
    queue: Arc<MemoryQueue>,
    clock: Arc<StandingClock>,
    door: UploadDoor,
    address: SocketAddr,
}

impl Place {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A place to which pages of these origins may upload.
    async fn with(origins: &[&str]) -> Self {
        let clock = Arc::new(StandingClock(AtomicU64::new(1_790_000_000_000)));
        let queue = Arc::new(MemoryQueue::new(QueueLimits::default()));
        let store = Arc::new(MemoryUploads::new(queue.clone(), clock.clone(), Arc::new(Random::seeded(1))));
        let origins = AllowedOrigins::on_one_machine(origins.iter().map(|origin| origin.parse().unwrap()).collect());
        let door = UploadDoor { store: store.clone(), origins };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = door.clone();
        let answer = move |request: Request| {
            let door = serving.clone();
            async move { door.answer(request).await }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
        Self { store, queue, clock, door, address }
    }

    async fn try_offer(&self, number: u128, bytes: usize) -> Result<String, OfferError> {
        let offers = self.store.at(&format!("http://{}", self.address));
        offers.offer(&key(number), bytes.try_into().unwrap()).await
    }

    async fn offer(&self, number: u128, bytes: usize) -> String {
        self.try_offer(number, bytes).await.unwrap()
    }

    /// Uploads so many bytes.
    async fn upload(&self, number: u128, bytes: usize) {
        let url = self.offer(number, bytes).await;
        assert_eq!(status(put(&url, blanks(bytes))).await, StatusCode::OK);
    }

    /// Waits until so much of the room is taken.
    async fn until_taken(&self, is_so: impl Fn(u64) -> bool) {
        let waiting = async {
            while !is_so(self.store.taken()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), waiting).await.expect("what comes and goes is counted");
    }

    async fn fetch(&self, number: u128) -> Result<Bytes, FetchError> {
        self.store.fetch(&key(number), u64::MAX).await
    }

    /// Lets a prompt wait that names an upload.
    async fn ask(&self, number: u128) {
        let session =
            SessionKey { principal: key(number).principal, session: SessionId::parse(format!("{number}")).unwrap() };
        let prompt = QueuedPrompt {
            run: RunKey { session, request: RequestId::parse("r").unwrap() },
            connection: ConnectionId::parse("c").unwrap(),
            agent: AgentName::default_agent(),
            received_at: self.clock.now(),
            trace: TraceContext::default(),
            body: PromptContent::Uploaded(UploadId::new(number)),
        };
        Prompts::send(self.queue.as_ref(), &prompt).await.unwrap();
    }
}

fn key(number: u128) -> UploadKey {
    UploadKey { principal: Principal::parse("ann").unwrap(), upload: UploadId::new(number) }
}

fn blanks(bytes: usize) -> Vec<u8> {
    vec![b' '; bytes]
}

/// The PUT that a URL takes.
fn put(url: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().put(url);
    request.header("content-type", "application/json").header("if-none-match", "*").body(body)
}

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    answer(request).await.0
}

/// Status and text of the answer.
async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, String) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}
