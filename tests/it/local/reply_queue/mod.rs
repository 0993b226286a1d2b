//! The queue of agents that go on by themselves, as an AWS SDK sees it.

mod batches;
mod door;
mod messages;
mod properties;
mod room;
mod senders;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::replies::{LIMITS, Replies, Tools};
use agentcore_gateway::protocol::ids::{Principal, ReplyRun, RequestId, SessionId};
use agentcore_gateway::protocol::reply::ReplyToken;
use agentcore_gateway::queue::memory::MemoryQueue;
use agentcore_gateway::session::memory::MemoryTable;
use agentcore_gateway::session::store::{Refused, ReplyRuns, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Active, LeaseId, ReplyGrant, RunKey, Session, SessionKey};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::clock::TestClock;

const URL: &str = "http://127.0.0.1:8787/replies/replies.fifo";
const SEND: &str = "AmazonSQS.SendMessage";
const SEND_BATCH: &str = "AmazonSQS.SendMessageBatch";

/// Sessions of which one has a run, whose store can fail.
#[derive(Default)]
struct OneSession {
    session: Mutex<Session>,
    is_out: AtomicBool,
}

#[async_trait]
impl Sessions for OneSession {
    async fn load(&self, _: &SessionKey, _: Timestamp) -> Result<Session, StoreError> {
        if self.is_out.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("it is out".to_owned()));
        }
        Ok(self.session.lock().unwrap().clone())
    }

    async fn apply(
        &self,
        _: &SessionKey,
        _: &Transition,
        _: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        panic!("who only takes messages changes no session");
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// The error as the SDKs of AWS read it: status, name, and the older code that goes before the name.
    fn error(&self) -> (u16, &str, Option<&str>) {
        let name = self.body["__type"].as_str().unwrap().strip_prefix("com.amazonaws.sqs#").unwrap();
        let code = self.headers.get("x-amzn-query-error").map(|code| code.to_str().unwrap());
        (self.status.as_u16(), name, code)
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }
}

/// The door to a queue, and one run that may send through it.
struct Door {
    replies: Arc<Replies>,
    queue: Arc<MemoryQueue>,
    table: Arc<MemoryTable>,
    sessions: Arc<OneSession>,
    address: String,
}

impl Door {
    async fn open() -> Self {
        Self::with(AllowedOrigins::on_one_machine(Vec::new())).await
    }

    /// A door on a real socket.
    async fn with(origins: AllowedOrigins) -> Self {
        let mut door = Self::without_socket(origins).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        door.address = listener.local_addr().unwrap().to_string();
        let replies = door.replies.clone();
        let answer = move |request: Request| async move { replies.answer(request).await };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
        door
    }

    async fn without_socket(origins: AllowedOrigins) -> Self {
        let queue = Arc::new(MemoryQueue::new(LIMITS));
        let (table, sessions) = (Arc::new(MemoryTable::default()), Arc::new(OneSession::default()));
        let clock = Arc::new(TestClock::start());
        let (runs, queue_url) = (table.clone(), URL.to_owned());
        let replies =
            Replies::new(Tools { runs, sessions: sessions.clone(), queue: queue.clone(), clock, origins, queue_url });
        let door = Self { replies: Arc::new(replies), queue, table, sessions, address: String::new() };
        door.name(&run(1)).await;
        door.give_session_to(&run(1), &token(1));
        door
    }

    async fn name(&self, name: &ReplyRun) {
        self.table.name_run(name, &run_key(), Timestamp(1_790_000_000_000)).await.unwrap();
    }

    fn give_session_to(&self, name: &ReplyRun, token: &ReplyToken) {
        let reply = Some(ReplyGrant { run: name.clone(), token: token.hash() });
        self.sessions.session.lock().unwrap().active = Some(Active { reply, ..active() });
    }

    fn request(&self, target: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let request = reqwest::Client::new().post(format!("http://{}/replies", self.address));
        let request = request.header("content-type", "application/x-amz-json-1.0").header("x-amz-target", target);
        request.body(body)
    }

    async fn send(&self, body: &Value) -> Answer {
        answer_to(self.request(SEND, body.to_string())).await
    }

    async fn send_batch(&self, entries: &Value) -> Answer {
        let body = json!({"QueueUrl": URL, "Entries": entries});
        answer_to(self.request(SEND_BATCH, body.to_string())).await
    }

    /// The bodies of all messages that wait, in the order in which they come; they are deleted.
    async fn drain(&self) -> Vec<String> {
        let mut bodies = Vec::new();
        while !self.queue.is_empty() {
            for delivery in self.queue.receive_batch(10).await {
                bodies.push(delivery.body.to_string());
                self.queue.delete(&delivery.receipt);
            }
        }
        bodies
    }
}

async fn answer_to(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    Answer { status, headers, body: serde_json::from_str(&answer.text().await.unwrap()).unwrap() }
}

/// A request that does not come over a socket.
fn request(target: &str, body: Body) -> Request {
    let request = Request::post("/replies").header("host", "127.0.0.1:8787").header("x-amz-target", target);
    request.header("content-type", "application/x-amz-json-1.0").body(body).unwrap()
}

fn run(number: u128) -> ReplyRun {
    ReplyRun::new(number)
}

fn token(number: u128) -> ReplyToken {
    ReplyToken::new([number, number])
}

fn run_key() -> RunKey {
    let session = SessionKey { principal: Principal::anonymous(), session: SessionId::parse("s").unwrap() };
    RunKey { session, request: RequestId::parse("r").unwrap() }
}

fn active() -> Active {
    Active {
        request: run_key().request,
        lease: LeaseId("lease".to_owned()),
        lease_until: Timestamp(u64::MAX),
        started_at: Timestamp(0),
        agent: None,
        reply: None,
        detached: None,
    }
}

/// What the agent of run 1 says as its message `index`.
fn said(index: u64) -> String {
    said_by(&run(1), &token(1), index)
}

fn said_by(run: &ReplyRun, token: &ReplyToken, index: u64) -> String {
    let events = [json!(format!("word {index}"))];
    let message =
        json!({"type": "reply", "version": 1, "run": run, "token": token.expose(), "index": index, "events": events});
    message.to_string()
}

/// The body of `SendMessage`.
fn sent(message: &str) -> Value {
    json!({"QueueUrl": URL, "MessageBody": message, "MessageGroupId": "group", "MessageDeduplicationId": "d"})
}

/// An entry of `SendMessageBatch`.
fn entry(id: &str, message: &str) -> Value {
    json!({"Id": id, "MessageBody": message, "MessageGroupId": "group", "MessageDeduplicationId": id})
}

/// `value` with `member` set to another value; `null`: without it.
fn but(value: &Value, member: &str, other: Value) -> Value {
    let mut value = value.clone();
    let members = value.as_object_mut().unwrap();
    members.remove(member);
    if !other.is_null() {
        members.insert(member.to_owned(), other);
    }
    value
}
