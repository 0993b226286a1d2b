//! Lambda's side of a function: its binary as a process, and the Runtime API (version 2018-06-01) on a real socket.
//!
//! `Function::start(env!("CARGO_BIN_EXE_…"), &[…]).await`, then `function.invoke(&event).await` as often as you like; or
//! `function.begin(&events).await`, all at once, and `function.answers(…).await`.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::agent::{FakeAgent, Request, Script, Steps};

/// No answer within this time is a failure of the test; nothing waits for it otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// When Lambda ends an invocation, unless a test says otherwise: in 2100.
const NEVER: Timestamp = Timestamp(4_102_444_800_000);

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
        Self::start_until(|_| NEVER, binary, arguments, variables).await
    }

    /// As [`Function::start_with`], where Lambda ends invocations, by their numbers from 1 on, at `deadline`.
    pub async fn start_until(
        deadline: impl Fn(usize) -> Timestamp + Send + 'static,
        binary: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
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
                .with_header("lambda-runtime-deadline-ms", &deadline(invocations).0.to_string())
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
        self.begin(std::slice::from_ref(event)).await;
        self.answers(1).await.into_values().next().expect("one")
    }

    /// Gives the function all `events` at once: as soon as it asks for so many.
    pub async fn begin(&mut self, events: &[Value]) {
        let mut polls = Vec::new();
        while polls.len() < events.len() {
            match timeout(PATIENCE, self.polls.recv()).await {
                Ok(poll) => polls.push(poll.expect("the API runs")),
                Err(_) => panic!("the function asks for {} events: {}", polls.len(), self.stop()),
            }
        }
        for (steps, event) in polls.iter().zip(events) {
            steps.send(event.to_string());
            steps.end();
        }
    }

    /// The next `count` answers, by the numbers of their invocations; or the errors that were reported.
    pub async fn answers(&mut self, count: usize) -> BTreeMap<usize, Result<Value, Value>> {
        let mut answers = BTreeMap::new();
        while answers.len() < count {
            match timeout(PATIENCE, self.api.next_request()).await {
                Ok(request) => answers.extend(answer(&request)),
                Err(_) => panic!("the function has answered {answers:?}: {}", self.stop()),
            }
        }
        answers
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
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

/// What `request` answers to which invocation, if it does.
fn answer(request: &Request) -> Option<(usize, Result<Value, Value>)> {
    let (invocation, what) =
        request.path.strip_prefix("/2018-06-01/runtime/invocation/invocation-")?.split_once('/')?;
    let body = serde_json::from_str(&request.body).expect("an answer is JSON");
    Some((invocation.parse().expect("a number"), if what == "response" { Ok(body) } else { Err(body) }))
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
