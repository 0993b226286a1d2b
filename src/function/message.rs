//! The `message` function.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;

use super::auth::Auth;
use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::message::MessageHandler;
use crate::metrics::MeasuredQueue;
use crate::protocol::ids::AgentName;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;

/// What the function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The queue for prompts.
    pub queue_url: String,
    /// The agents that a prompt may name.
    pub agents: BTreeSet<AgentName>,
    /// Who may connect.
    pub auth: Auth,
}

impl Config {
    /// Reads `PROMPTS_QUEUE_URL`, `AGENT_NAMES` (separated by commas), and what [`Auth::read`] reads.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let queue_url = environment.required("PROMPTS_QUEUE_URL")?.to_owned();
        let auth = Auth::read(environment)?;
        let names = environment.list("AGENT_NAMES").map(AgentName::parse).collect::<Result<BTreeSet<_>, _>>();
        match names {
            Ok(agents) if !agents.is_empty() => Ok(Self { queue_url, agents, auth }),
            _ => Err(InvalidVariable::new(
                "AGENT_NAMES",
                format!("be names separated by commas, each {}", AgentName::RULE),
            )),
        }
    }

    /// The handler that works by it.
    #[must_use]
    pub fn handler(self, aws: &SdkConfig) -> MessageHandler {
        let queue = MeasuredQueue::new(SqsQueue::new(Client::new(aws), self.queue_url));
        let identity = self.auth.identity(aws);
        MessageHandler::new(Arc::new(queue), self.agents, identity, Arc::new(SystemClock), Arc::new(Random::from_os()))
    }
}
