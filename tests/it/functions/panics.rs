//! A panic costs the invocation that it happens in, and nothing else.
//!
//! No event is known that makes a handler of the gateway panic. So the function here is this test program, in which the
//! handler of one of the two tests below stands between [`function::run`] and the runtime as in the binaries.

use std::convert::Infallible;

use agentcore_gateway::function;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::support::lambda::Function;

async fn panic_if_asked(event: LambdaEvent<Value>) -> Result<Value, Infallible> {
    assert!(event.payload != json!("panic"), "planted");
    Ok(event.payload)
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

async fn assert_survives(process: &str, variables: &[(&str, &str)]) {
    let program = std::env::current_exe().unwrap();
    let name = format!("functions::panics::{process}");
    let arguments = [name.as_str(), "--exact", "--ignored", "--nocapture"];
    let mut function = Function::start_with(program.to_str().unwrap(), &arguments, variables).await;
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
