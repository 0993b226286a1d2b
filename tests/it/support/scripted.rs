//! Agents that follow a script, behind the trait that the worker calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::agent::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::ids::AgentName;
use async_trait::async_trait;

/// One thing that an agent does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends these events in one piece.
    Events(Vec<String>),
    /// Waits.
    Wait(Duration),
    /// Sends an event with a name, or one without data.
    Event(Event),
    /// Breaks off.
    Break,
    /// Cannot be read further.
    Fail(ReplyError),
    /// Says nothing more, and does not end either.
    Hang,
}

/// What an agent answers to one call.
#[derive(Debug, Clone)]
pub enum Script {
    /// A stream.
    Reply(Vec<Step>),
    /// A failure before any reply.
    Error(InvokeError),
    /// No answer at all.
    Silence,
}

/// A reply of one event after the other, `every` apart.
pub fn stream(events: impl IntoIterator<Item = impl ToString>, every: Duration) -> Script {
    let steps = events.into_iter().flat_map(|event| [Step::Wait(every), Step::Events(vec![event.to_string()])]);
    Script::Reply(steps.collect())
}

type Author = Box<dyn Fn(&Invocation, usize) -> Script + Send + Sync>;

/// Agents whose answer is made by a function of the call and the number of calls before it.
pub struct ScriptedAgents {
    author: Author,
    calls: Mutex<Vec<Invocation>>,
    stopped: Mutex<Vec<String>>,
    stopping_takes: Mutex<Duration>,
    stopping_fails: Mutex<Option<InvokeError>>,
}

impl ScriptedAgents {
    pub fn new(author: impl Fn(&Invocation, usize) -> Script + Send + Sync + 'static) -> Arc<Self> {
        let (calls, stopped, stopping_takes, stopping_fails) = Default::default();
        Arc::new(Self { author: Box::new(author), calls, stopped, stopping_takes, stopping_fails })
    }

    /// Lets the stopping of a session take so long.
    pub fn stop_in(&self, time: Duration) {
        *self.stopping_takes.lock().unwrap() = time;
    }

    /// Lets no session be stopped from now on.
    pub fn fail_to_stop(&self, error: InvokeError) {
        *self.stopping_fails.lock().unwrap() = Some(error);
    }

    /// Lets sessions be stopped again.
    pub fn stop_again(&self) {
        *self.stopping_fails.lock().unwrap() = None;
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Invocation> {
        self.calls.lock().unwrap().clone()
    }

    /// The runtime sessions that were stopped.
    pub fn stopped(&self) -> Vec<String> {
        self.stopped.lock().unwrap().clone()
    }
}

#[async_trait]
impl Agents for ScriptedAgents {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        let before = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(invocation.clone());
            calls.len() - 1
        };
        match (self.author)(invocation, before) {
            Script::Reply(steps) => Ok(Box::new(ScriptedReply(steps.into()))),
            Script::Error(error) => Err(error),
            Script::Silence => std::future::pending().await,
        }
    }

    async fn stop_session(&self, _: &AgentName, runtime_session: &str) -> Result<(), InvokeError> {
        self.stopped.lock().unwrap().push(runtime_session.to_owned());
        let time = *self.stopping_takes.lock().unwrap();
        tokio::time::sleep(time).await;
        self.stopping_fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

struct ScriptedReply(VecDeque<Step>);

#[async_trait]
impl Reply for ScriptedReply {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        loop {
            match self.0.front() {
                Some(Step::Wait(time)) => tokio::time::sleep(*time).await,
                Some(Step::Hang) => std::future::pending().await,
                Some(Step::Break) => return Err(ReplyError::Broken("cut".to_owned())),
                Some(Step::Fail(error)) => return Err(error.clone()),
                Some(Step::Event(event)) => {
                    let event = event.clone();
                    self.0.pop_front();
                    return Ok(Progress::Events(vec![event]));
                }
                Some(Step::Events(events)) => {
                    let events = events.iter().map(Event::from_data).collect();
                    self.0.pop_front();
                    return Ok(Progress::Events(events));
                }
                None => return Ok(Progress::End(Vec::new())),
            }
            self.0.pop_front();
        }
    }

    fn is_stream(&self) -> bool {
        true
    }
}
