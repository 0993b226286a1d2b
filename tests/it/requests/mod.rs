//! What the adapters of AWS send over the wire, and what they make of each answer.
//!
//! The answers are scripted, so this is not about whether the requests mean what they should: that is shown by the suites
//! on the emulator. It is about what an emulator does not look at, or cannot be brought to answer.

mod connections;
mod detached;
mod expressions;
mod journal;
mod outcomes;
mod push;
mod queue;
mod reply_runs;
mod transitions;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, ReplyRun, RequestId, SessionId};
use agentcore_gateway::protocol::reply::TokenHash;
use agentcore_gateway::session::{LeaseId, ReplyGrant, RunKey, SessionKey};
use agentcore_gateway::table::Table;
use aws_sdk_dynamodb::Client;

use crate::support::agent::{FakeAgent, Script};
use crate::support::aws::config;

/// 1,790,000,000 seconds and a half since the Unix epoch.
const NOW: Timestamp = Timestamp(1_790_000_000_500);

/// `printf %s 'auth0|ada' | sha256sum`, as far as keys have it.
const ADA: &str = "84047e8f9fb03cf801fbbb0e93d1f56b";

/// The run as its agent knows it.
const RUN: &str = "run-0000000000000000000000000000002a";

/// The table at an endpoint that answers with `scripts`, one after the other.
async fn table(scripts: impl IntoIterator<Item = Script>) -> (FakeAgent, Table) {
    let endpoint = FakeAgent::sequence(scripts).await;
    let client = Client::new(&config(&endpoint.url()));
    (endpoint, Table::new(client, "gateway"))
}

fn principal() -> Principal {
    Principal::parse("auth0|ada").unwrap()
}

/// A session id that holds what separates the parts of a key.
fn session() -> SessionId {
    SessionId::parse("travel #1").unwrap()
}

fn key() -> SessionKey {
    SessionKey { principal: principal(), session: session() }
}

fn run() -> RunKey {
    RunKey { session: key(), request: request() }
}

fn request() -> RequestId {
    RequestId::parse("r-1").unwrap()
}

fn connection() -> ConnectionId {
    ConnectionId::parse("L0SM9cOFvHcCIhw=").unwrap()
}

fn lease() -> LeaseId {
    LeaseId("lease-1".to_owned())
}

/// By what the messages of the run's agent are known.
fn grant() -> ReplyGrant {
    ReplyGrant { run: ReplyRun::parse(RUN).unwrap(), token: TokenHash("hash".to_owned()) }
}
