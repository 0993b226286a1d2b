//! A panic costs the invocation that it happens in, and nothing else.
//!
//! No event is known that makes a handler of the gateway panic. So the function here is this test program, in which the
//! handler of one of the tests below stands between [`function::run`] and the runtime as in the binaries.

use std::convert::Infallible;
use std::sync::Arc;

use agentcore_gateway::agent::echo::EchoAgents;
use agentcore_gateway::agent::{Agents, Invocation, InvokeError, Reply};
use agentcore_gateway::function;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::worker::Worker;
use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::sync::{Barrier, watch};

use super::many::prompt;
use crate::support::engine::Engine;
use crate::support::lambda::Function;
use crate::support::scripted::{Script, ScriptedAgents};

/// So many runs are under way when one of them panics.
const RUNS: usize = 20;

async fn panic_if_asked(event: LambdaEvent<Value>) -> Result<Value, Infallible> {
    assert!(event.payload != json!("panic"), "planted");
    Ok(event.payload)
}

/// Agents that are all called before one of them, the first prompt's, panics.
struct Panicking(Barrier);

#[async_trait]
impl Agents for Panicking {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        self.0.wait().await;
        assert!(!invocation.body.contains(r#""p1""#), "planted");
        EchoAgents.invoke(invocation).await
    }

    async fn stop_session(&self, _: &AgentName, _: &str) -> Result<(), InvokeError> {
        Ok(())
    }
}

fn is_function() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

#[tokio::test]
#[ignore = "is the process of a test below"]
async fn process_of_one_after_the_other() {
    if is_function() {
        function::run(async |_, _| lambda_runtime::run(service_fn(panic_if_asked)).await).await;
    }
}

#[tokio::test]
#[ignore = "is the process of a test below"]
async fn process_of_many_at_once() {
    if is_function() {
        function::run(async |_, _| lambda_runtime::run_concurrent(service_fn(panic_if_asked)).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the process of a test below"]
async fn process_of_many_runs_at_once() {
    if !is_function() {
        return;
    }
    let mut tools = Engine::new(ScriptedAgents::new(|_, _| Script::Silence)).tools;
    tools.agents = Arc::new(Panicking(Barrier::new(RUNS)));
    let worker = Worker::new(tools);
    let handler = service_fn(move |event: LambdaEvent<SqsEvent>| {
        let worker = worker.clone();
        let deadline = watch::Sender::new(Some(function::deadline(&event.context))).subscribe();
        async move { Ok::<_, Infallible>(worker.handle(event.payload, deadline).await) }
    });
    function::run(async |_, _| lambda_runtime::run_concurrent(handler).await).await;
}

async fn start(process: &str, variables: &[(&str, &str)]) -> Function {
    let program = std::env::current_exe().unwrap();
    let name = format!("functions::panics::{process}");
    let arguments = [name.as_str(), "--exact", "--ignored", "--nocapture"];
    Function::start_with(program.to_str().unwrap(), &arguments, variables).await
}

async fn assert_survives(process: &str, variables: &[(&str, &str)]) {
    let mut function = start(process, variables).await;
    for round in 0..3 {
        assert_eq!(function.invoke(&json!(round)).await, Ok(json!(round)));
        let error = function.invoke(&json!("panic")).await.unwrap_err();
        assert!(error["errorMessage"].as_str().unwrap().contains("planted"), "{error}");
    }
}

#[tokio::test]
async fn a_function_that_panics_reports_it_and_goes_on() {
    assert_survives("process_of_one_after_the_other", &[]).await;
}

#[tokio::test]
async fn a_function_of_many_invocations_that_panics_reports_it_and_goes_on() {
    assert_survives("process_of_many_at_once", &[]).await;
    assert_survives("process_of_many_at_once", &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")]).await;
}

#[tokio::test]
async fn a_run_that_panics_ends_alone() {
    let at_once = RUNS.to_string();
    let mut worker = start("process_of_many_runs_at_once", &[("AWS_LAMBDA_MAX_CONCURRENCY", &at_once)]).await;
    worker.begin(&(1..=RUNS).map(prompt).collect::<Vec<_>>()).await;
    for (number, answer) in worker.answers(RUNS).await {
        match number {
            1 => assert!(answer.unwrap_err()["errorMessage"].as_str().unwrap().contains("planted")),
            _ => assert_eq!(answer, Ok(json!({"batchItemFailures": []})), "{number}"),
        }
    }
}

/// All of that holds only where panics unwind, and cargo-lambda turns them into aborts unless the profile says otherwise.
#[test]
fn the_profile_of_the_functions_lets_panics_unwind_and_no_other_forbids_it() {
    let (mut section, mut says_so) = ("", Vec::new());
    for line in include_str!("../../../Cargo.toml").lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        if section.starts_with("[profile.") && line.starts_with("panic") {
            assert_eq!(line, "panic = \"unwind\"", "{section}");
            says_so.push(section);
        }
    }
    assert!(says_so.contains(&"[profile.function]"), "{says_so:?}");
}
