//! Many prompts at once in one process of the worker, as on Lambda Managed Instances.

use std::collections::BTreeMap;
use std::time::Duration;

use agentcore_gateway::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{WORKER, body, event, variables, willing};
use crate::support::agent::{FakeAgent, Request, Script, Steps};
use crate::support::aws::operation;
use crate::support::dynamodb::DynamoDb;
use crate::support::lambda::Function;

const RUNS: usize = 500;

/// Whose invocation has hardly more time than a run leaves to say how it ended.
const LATE: usize = 1;

/// What a run may take of the process's memory while it waits for its agent. docs/benchmarks.md has what it does take.
#[cfg(target_os = "linux")]
const MAX_BYTES_PER_RUN: usize = 512 * 1024;

/// No step takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// AWS with a table, and agents whose replies the test sends: each comes with the prompt that it answers.
async fn aws() -> (FakeAgent, UnboundedReceiver<(String, Steps)>) {
    let (called, calls) = unbounded_channel();
    let table = DynamoDb::default();
    let aws = FakeAgent::start(move |request: &Request| {
        if request.path.contains("/invocations") {
            let (steps, script) = Script::stream();
            // The test may be over.
            let _ = called.send((body(request)["prompt"].as_str().unwrap().to_owned(), steps));
            return script;
        }
        if !request.header("x-amz-target").is_some_and(|target| target.starts_with("DynamoDB")) {
            return willing(request);
        }
        let (status, answer) = table.execute(operation(request), &body(request));
        Script::status(status, answer.to_string()).with_header("content-type", "application/x-amz-json-1.0")
    });
    (aws.await, calls)
}

/// The prompt of this number, in a session of its own.
pub(super) fn prompt(number: usize) -> Value {
    let mut event = event!("prompts");
    event["Records"].as_array_mut().unwrap().truncate(1);
    let record = &mut event["Records"][0];
    let mut prompt: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
    prompt["receivedAt"] = json!(SystemClock.now().0);
    for (member, name) in [("sessionId", "s"), ("requestId", "r"), ("connectionId", "c"), ("prompt", "p")] {
        prompt[member] = json!(format!("{name}{number}"));
    }
    record["body"] = json!(prompt.to_string());
    record["attributes"]["MessageGroupId"] = json!(format!("group-{number}"));
    record["receiptHandle"] = json!(format!("receipt-{number}"));
    event
}

async fn worker(aws: &FakeAgent) -> Function {
    let at_once = RUNS.to_string();
    let told = variables(aws);
    let mut told: Vec<_> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    told.push(("AWS_LAMBDA_MAX_CONCURRENCY", &at_once));
    let deadline = |number| SystemClock.now().after(Duration::from_secs(if number == LATE { 12 } else { 3600 }));
    Function::start_until(deadline, WORKER, &[], &told).await
}

/// The frames that were pushed to each connection, as far as they have an order: type, number, and events.
fn pushed(aws: &FakeAgent) -> BTreeMap<String, Vec<(String, u64, Value)>> {
    let mut pushed = BTreeMap::<_, Vec<_>>::new();
    for request in aws.requests() {
        let Some((_, connection)) = request.path.split_once("/@connections/") else { continue };
        let frame = body(&request);
        if let Some(seq) = frame["seq"].as_u64() {
            let kind = frame["type"].as_str().unwrap().to_owned();
            pushed.entry(connection.to_owned()).or_default().push((kind, seq, frame["events"].clone()));
        }
    }
    pushed
}

async fn is_pushed(aws: &FakeAgent, connection: &str, kind: &str) {
    let path = format!("/@connections/{connection}");
    let waiting = async {
        loop {
            let request = aws.next_request().await;
            if request.path.ends_with(&path) && body(&request)["type"] == kind {
                return;
            }
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{connection} was never told {kind}"));
}

#[cfg(target_os = "linux")]
fn resident_bytes(function: &Function) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", function.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_runs_as_many_prompts_at_once_as_it_is_given_each_until_its_own_deadline() {
    let (aws, mut calls) = aws().await;
    let mut worker = worker(&aws).await;
    #[cfg(target_os = "linux")]
    let idle = resident_bytes(&worker);
    worker.begin(&(1..=RUNS).map(prompt).collect::<Vec<_>>()).await;

    // All but the late one are under way before any of them is answered.
    let late = format!("p{LATE}");
    let (mut replies, mut unanswered) = (BTreeMap::new(), Vec::new());
    while replies.len() < RUNS - 1 {
        let (prompt, steps) = timeout(PATIENCE, calls.recv()).await.expect("a call").unwrap();
        steps.event(&json!(format!("first of {prompt}")).to_string());
        if prompt == late {
            unanswered.push(steps);
        } else {
            assert!(replies.insert(prompt, steps).is_none(), "an agent was called twice");
        }
    }
    #[cfg(target_os = "linux")]
    {
        let per_run = (resident_bytes(&worker) - idle) / RUNS;
        assert!(per_run <= MAX_BYTES_PER_RUN, "a run takes {per_run} bytes");
    }

    // One is out of time, and nobody else.
    is_pushed(&aws, &format!("c{LATE}"), "failed").await;
    for (prompt, steps) in &replies {
        steps.event(&json!(format!("last of {prompt}")).to_string());
        steps.end();
    }
    let answers = worker.answers(RUNS).await;
    assert!(answers.values().all(|answer| *answer == Ok(json!({"batchItemFailures": []}))), "{answers:?}");

    let pushed = pushed(&aws);
    assert_eq!(pushed.len(), RUNS);
    for (connection, frames) in pushed {
        let number = connection.trim_start_matches('c');
        let kinds: Vec<&str> = frames.iter().map(|(kind, ..)| kind.as_str()).collect();
        let seqs: Vec<u64> = frames.iter().map(|(_, seq, _)| *seq).collect();
        let events: Vec<&Value> = frames.iter().filter_map(|(.., events)| events.as_array()).flatten().collect();
        let (first, last) = (json!(format!("first of p{number}")), json!(format!("last of p{number}")));
        if number == LATE.to_string() {
            // Whether its agent was called before is a matter of luck.
            assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("started", "failed"));
        } else {
            assert_eq!((kinds[0], kinds[kinds.len() - 1], events), ("started", "completed", vec![&first, &last]));
        }
        assert_eq!(seqs, (1..=frames.len() as u64).collect::<Vec<_>>(), "{connection}");
    }
}
