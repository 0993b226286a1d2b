//! An agent in this process, behind the trait that the worker calls.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agentcore_gateway::agent::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::ids::AgentName;
use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use crate::stats::Moment;

/// Makes the event of a number, at the moment of its emission.
type MakeEvent = Arc<dyn Fn(usize) -> String + Send + Sync>;

/// Answers with so many events, each so long after the one before.
pub(crate) struct ScriptedAgent {
    events: usize,
    every: Duration,
    make: MakeEvent,
    called: OnceLock<Moment>,
}

impl ScriptedAgent {
    pub(crate) fn new(events: usize, every: Duration, make: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        Self { events, every, make: Arc::new(make), called: OnceLock::new() }
    }

    /// When it was called first.
    pub(crate) fn called(&self) -> Option<Moment> {
        self.called.get().copied()
    }
}

#[async_trait]
impl Agents for ScriptedAgent {
    async fn invoke(&self, _: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        self.called.get_or_init(Moment::now);
        let (events, every, make) = (self.events, self.every, self.make.clone());
        Ok(Box::new(ScriptedReply { events, every, make, began: Instant::now(), emitted: 0 }))
    }

    async fn stop_session(&self, _: &AgentName, _: &str) -> Result<(), InvokeError> {
        Ok(())
    }
}

struct ScriptedReply {
    events: usize,
    every: Duration,
    make: MakeEvent,
    began: Instant,
    emitted: u32,
}

#[async_trait]
impl Reply for ScriptedReply {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        let number = self.emitted as usize;
        if number == self.events {
            return Ok(Progress::End(Vec::new()));
        }
        sleep_until(self.began + self.every * (self.emitted + 1)).await;
        self.emitted += 1;
        Ok(Progress::Events(vec![Event::from_data((self.make)(number))]))
    }

    fn is_stream(&self) -> bool {
        true
    }
}
