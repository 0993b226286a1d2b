//! Agents that fail in every way, and note what they did. A process that was frozen finds their replies broken.

use std::collections::VecDeque;
use std::time::Duration;

use agentcore_gateway::agent::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::ids::AgentName;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::dice::Dice;
use super::long_runs::{Plan, World};
use super::process::Process;
use super::verifier::{CallId, Record};

/// The longest that a session takes to stop.
const STOPPING: Duration = Duration::from_secs(15);

/// What an event is made as large as it is to be with: something to escape and to cut, and more that is quick to read.
const PAD: &str = "é\"abcdefghijklmnopq";

/// What a marker begins with, and no event.
const MARKER: &str = r#"{"detached""#;

/// All agents, as one process has them.
pub struct SimulatedAgents {
    pub dice: Dice,
    pub trouble: f64,
    pub record: Record,
    pub process: Process,
    /// How often an agent goes on by itself, and where.
    pub detached: f64,
    pub world: World,
}

/// How a reply ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Clean,
    Broken,
    Silent,
}

#[async_trait]
impl Agents for SimulatedAgents {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        self.process.awake().await;
        if self.dice.chance(self.trouble) {
            let errors = [InvokeError::Refused, InvokeError::Throttled, InvokeError::RetryableConflict];
            return Err(errors[self.dice.below(3)].clone());
        }
        // From here on the call counts as having reached the agent.
        let body: Value = serde_json::from_str(&invocation.body).expect("a body is JSON");
        let who = body["prompt"].as_str().expect("a prompt").to_owned();
        self.record.meets(&who, &self.world.vms.alive(&invocation.runtime_session));
        let call = self.record.called(&who, &invocation.runtime_session, self.process.id());
        let sockets = self.process.sockets();
        sleep(self.dice.time(Duration::from_secs(2))).await;
        if self.process.sockets() != sockets {
            return Err(InvokeError::NoAnswer("frozen meanwhile".to_owned()));
        }
        if self.dice.chance(self.trouble) {
            let error = match self.dice.below(4) {
                0 => InvokeError::Platform(503),
                1 => InvokeError::AgentFailed("crashed".to_owned()),
                2 => InvokeError::NoAnswer("closed".to_owned()),
                _ => InvokeError::Invalid { status: 400, message: "no".to_owned() },
            };
            return Err(error);
        }
        if body.get("gatewayReply").is_some() && self.dice.chance(self.detached) {
            let events = self.go_on(&who, &invocation.runtime_session, &body["gatewayReply"]);
            let (dice, record, process) = (self.dice.clone(), self.record.clone(), self.process.clone());
            let (end, pace) = (End::Silent, Duration::from_millis(1000));
            return Ok(Box::new(SimulatedReply {
                dice,
                record,
                process,
                sockets,
                who,
                events,
                end,
                pace,
                _call: call,
            }));
        }
        // Now and then a reply that is larger than what the worker keeps in memory.
        let (count, size) = if self.dice.chance(0.02) { (40, 8000) } else { (self.dice.below(25), 200) };
        let mut events: VecDeque<String> = (0..count).map(|at| self.event(&who, at, size)).collect();
        let end = match self.dice.chance(self.trouble) {
            false => End::Clean,
            true => [End::Broken, End::Silent][self.dice.below(2)],
        };
        let mut is_success = end == End::Clean;
        if is_success && self.dice.chance(self.trouble) {
            is_success = false;
            let failure = json!({"error": who, "error_type": "E", "message": "An error occurred during streaming"});
            events.push_back(failure.to_string());
        }
        self.record.will_send(&who, events.iter().cloned().collect(), is_success);
        let pace = if self.dice.chance(0.04) { 20_000 } else { [10, 200, 3000][self.dice.below(3)] };
        let pace = Duration::from_millis(pace);
        let (dice, record, process) = (self.dice.clone(), self.record.clone(), self.process.clone());
        Ok(Box::new(SimulatedReply { dice, record, process, sockets, who, events, end, pace, _call: call }))
    }

    async fn stop_session(&self, _: &AgentName, runtime_session: &str) -> Result<(), InvokeError> {
        let (is_slow, freezes) = (self.dice.chance(0.5), self.process.freezes());
        let time = if is_slow { STOPPING } else { self.dice.time(STOPPING) };
        let before = self.dice.time(time);
        sleep(before).await;
        self.process.awake().await;
        // A process that stood still may be late, and knows nothing of it.
        if self.process.freezes() == freezes {
            self.record.stops(runtime_session, self.process.id(), &self.world.vms.alive(runtime_session));
        }
        self.world.vms.stop(runtime_session);
        sleep(time - before).await;
        self.process.awake().await;
        Ok(())
    }
}

impl SimulatedAgents {
    /// Lets an agent go on by itself; what it says before it says so, and that it does.
    fn go_on(&self, who: &str, runtime_session: &str, reply: &Value) -> VecDeque<String> {
        let (first, count) = (self.dice.below(5), self.dice.below(25));
        let all: Vec<String> = (0..first + count).map(|at| self.event(who, at, 200)).collect();
        let completes = !self.dice.chance(self.trouble);
        self.record.will_send(who, all.clone(), completes);
        self.record.goes_on(who, reply["group"].as_str().expect("a group"));
        let (who, runtime_session) = (who.to_owned(), runtime_session.to_owned());
        let events = all[first..].to_vec();
        self.world.start(Plan { who, reply: reply.clone(), runtime_session, events, completes });
        all[..first].iter().cloned().chain([json!({"detached": reply["run"]}).to_string()]).collect()
    }

    /// Events tell whose they are; one in 250 is larger than a frame.
    fn event(&self, who: &str, at: usize, size: usize) -> String {
        let size = if self.dice.chance(0.004) { 40_000 } else { self.dice.below(size) };
        json!({"who": who, "at": at, "pad": PAD.repeat(size / PAD.len())}).to_string()
    }
}

struct SimulatedReply {
    dice: Dice,
    record: Record,
    process: Process,
    /// Its process's sockets when the reply began.
    sockets: usize,
    who: String,
    events: VecDeque<String>,
    end: End,
    pace: Duration,
    _call: CallId,
}

#[async_trait]
impl Reply for SimulatedReply {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        sleep(self.dice.time(self.pace)).await;
        self.process.awake().await;
        if self.process.sockets() != self.sockets {
            return Err(ReplyError::Broken("frozen meanwhile".to_owned()));
        }
        let some = self.dice.below(4).min(self.events.len());
        if some > 0 {
            // A marker is no event.
            let events = self.events.iter().take(some).filter(|event| !event.starts_with(MARKER)).count();
            self.record.owed.agent_sent(&self.who, events);
            return Ok(Progress::Events(self.events.drain(..some).map(|event| Event::from_data(&event)).collect()));
        }
        if !self.events.is_empty() {
            return Ok(Progress::Events(Vec::new()));
        }
        match self.end {
            End::Clean => Ok(Progress::End(Vec::new())),
            End::Broken => Err(ReplyError::Broken("cut".to_owned())),
            End::Silent => std::future::pending().await,
        }
    }

    fn is_stream(&self) -> bool {
        true
    }
}
