//! The functions as Lambda runs them: their binaries, with events as AWS sends them (`tests/fixtures/events`), between a
//! Runtime API and an AWS that are both scripted, on real sockets.

mod closer;
mod configuration;
mod connections;
mod forms;
mod identities;
mod log;
mod many;
mod message;
mod metrics;
mod panics;
mod partition;
mod queries;
mod relay;
mod worker;

use serde_json::{Value, json};

use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::{answer, body, operation};
use crate::support::lambda::Function;

const CLOSER: &str = env!("CARGO_BIN_EXE_closer");
const CONNECTIONS: &str = env!("CARGO_BIN_EXE_connections");
const MESSAGE: &str = env!("CARGO_BIN_EXE_message");
const RELAY: &str = env!("CARGO_BIN_EXE_relay");
const WORKER: &str = env!("CARGO_BIN_EXE_worker");

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/prompts.fifo";

const GIVEN_UP: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/given-up.fifo";

const REPLIES: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/replies.fifo";

const WATCH: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/watch";

/// Where pushes to the connection of the events go: its id is `L0SM9cOFvHcCIhw=`.
const PUSH: &str = "POST /default/@connections/L0SM9cOFvHcCIhw%3D";

/// `printf 'auth0|ada\0travel #1' | sha256sum`: the group of the session of the events.
const GROUP: &str = "9ce82f4231a01ad98f2872ef4da519f80fee2a3eaa9d0fce8ac5c8a0b38658fb";

/// `printf %s 'auth0|ada' | sha256sum`, as far as keys have it.
const ADA: &str = "84047e8f9fb03cf801fbbb0e93d1f56b";

/// An event of this name.
macro_rules! event {
    ($name:literal) => {
        serde_json::from_str::<serde_json::Value>(include_str!(concat!("../../fixtures/events/", $name, ".json")))
            .unwrap()
    };
}
use event;

/// All of AWS that the functions use: an empty table, a queue, connections that take everything.
fn willing(request: &Request) -> Script {
    match operation(request) {
        "SendMessage" => answer(&json!({"MessageId": "m-1", "SequenceNumber": "1"})),
        "Query" => answer(&json!({"Items": []})),
        _ => answer(&json!({})),
    }
}

/// Starts `binary` with all that the functions are told where clients have tokens, for the services at `aws`.
async fn start(binary: &str, aws: &FakeAgent) -> Function {
    start_as("jwt", binary, aws).await
}

/// As [`start`], where `auth` says who may connect.
async fn start_as(auth: &str, binary: &str, aws: &FakeAgent) -> Function {
    start_with(binary, aws, &[("AUTH", auth)]).await
}

/// As [`start`], told `more` or something else.
async fn start_with(binary: &str, aws: &FakeAgent, more: &[(&str, &str)]) -> Function {
    let variables = variables(aws);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Function::start(binary, &[&variables, more].concat()).await
}

/// What all functions are told for the services at `aws`.
fn variables(aws: &FakeAgent) -> Vec<(&'static str, String)> {
    let (url, management) = (aws.url(), format!("{}/default", aws.url()));
    let agents = r#"{"default": {"runtime_arn": "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/agent-0123456789"}}"#;
    let told = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AGENTCORE_ENDPOINT_URL", url.as_str()),
        ("MANAGEMENT_ENDPOINT", management.as_str()),
        ("AUTH", "jwt"),
        ("TABLE_NAME", "gateway"),
        ("PROMPTS_QUEUE_URL", QUEUE),
        ("GIVEN_UP_QUEUE_URL", GIVEN_UP),
        ("REPLIES_QUEUE_URL", REPLIES),
        ("WATCH_QUEUE_URL", WATCH),
        ("AGENT_NAMES", "default"),
        ("AGENTS", agents),
        ("ALLOWED_ORIGINS", "https://app.example.com"),
    ];
    told.map(|(name, value)| (name, value.to_owned())).to_vec()
}

/// What has been sent: each operation, or method and path, with its body.
fn sent(aws: &FakeAgent) -> Vec<(String, Value)> {
    aws.requests().iter().map(|request| (name_of(request), body(request))).collect()
}

fn name_of(request: &Request) -> String {
    match operation(request) {
        "" => format!("{} {}", request.method, request.path.replace("%40", "@")),
        operation => operation.to_owned(),
    }
}

/// The names of what has been sent, in order.
fn names(aws: &FakeAgent) -> Vec<String> {
    aws.requests().iter().map(name_of).collect()
}

/// The message that a response hands to the client.
fn answer_of(response: &Value) -> Value {
    assert_eq!(response["statusCode"], 200, "{response}");
    serde_json::from_str(response["body"].as_str().expect("an answer")).unwrap()
}
