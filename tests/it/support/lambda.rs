//! Lambda's side of a function: its binary as a process, and the Runtime API (version 2018-06-01) on a real socket.
//!
//! `Function::start(env!("CARGO_BIN_EXE_…"), &[…]).await`, then `function.invoke(&event).await` as often as you like.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::spawn_blocking;

use super::agent::{FakeAgent, Request, Script, Steps};

/// No answer within this time is a failure of the test; nothing waits for it otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// The trace of every invocation.
pub const TRACE: &str = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";

/// A function that runs. It is ended when this is dropped.
pub struct Function {
    process: Child,
    output: Vec<JoinHandle<String>>,
    api: FakeAgent,
    polls: UnboundedReceiver<Steps>,
}

impl Function {
    /// Starts `binary` with `variables` and what Lambda sets, and nothing else of this process's environment.
    pub async fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(binary, &[], variables).await
    }

    /// As [`Function::start`], with command-line `arguments`.
    pub async fn start_with(binary: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (polled, polls) = unbounded_channel();
        let mut invocations = 0;
        let api = FakeAgent::start(move |request: &Request| {
            if request.path != NEXT {
                return Script::status(202, "");
            }
            invocations += 1;
            let (event, script) = Script::stream();
            // The test may be over.
            let _ = polled.send(event);
            script
                .with_header("lambda-runtime-aws-request-id", &format!("invocation-{invocations}"))
                .with_header("lambda-runtime-deadline-ms", "4102444800000")
                .with_header("lambda-runtime-trace-id", TRACE)
                .with_header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:test",
                )
        })
        .await;
        let mut process = command(binary, &api).args(arguments).envs(variables.iter().copied()).spawn().unwrap();
        let (out, err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        Self { process, output: vec![spawn(|| read(out)), spawn(|| read(err))], api, polls }
    }

    /// What the function answers to `event`; if it fails, the error that it reports.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, Value> {
        let invocation = async {
            let steps = self.polls.recv().await.expect("the API runs");
            steps.send(event.to_string());
            steps.end();
            loop {
                let request = self.api.next_request().await;
                if request.path == NEXT {
                    continue;
                }
                let body = serde_json::from_str(&request.body).expect("an answer is JSON");
                return if request.path.ends_with("/response") { Ok(body) } else { Err(body) };
            }
        };
        match tokio::time::timeout(PATIENCE, invocation).await {
            Ok(answer) => answer,
            Err(_) => panic!("the function does not answer: {}", self.stop()),
        }
    }

    /// Ends the function, and returns all that it wrote.
    pub fn stop(&mut self) -> String {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.output.drain(..).map(|output| output.join().unwrap()).collect()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts `binary` in vain: returns what it wrote until it ended by itself, not with success.
pub async fn failed_start(binary: &str, variables: &[(&str, &str)]) -> String {
    // A function that starts all the same is not waited for: it ends when it gets no answer here.
    let api = FakeAgent::start(|_| Script::close()).await;
    let mut command = command(binary, &api);
    command.envs(variables.iter().copied());
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(api.requests(), [], "the function has started");
    assert!(!output.status.success());
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

fn command(binary: &str, api: &FakeAgent) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api.url().trim_start_matches("http://"))
        .env("AWS_LAMBDA_FUNCTION_NAME", "test")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn read(mut from: impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).expect("a log is text");
    text
}
