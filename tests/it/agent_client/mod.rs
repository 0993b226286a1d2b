//! The HTTP client for agents against a fake agent on a real socket: one test per status and per kind of trouble.

mod container;
mod encodings;
mod replies;
mod runtime;
mod statuses;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;

use agentcore_gateway::agent::client::AgentClient;
use agentcore_gateway::agent::endpoint::{Endpoint, Runtime};
use agentcore_gateway::agent::{Agents, Invocation, InvokeError, Progress, Reply, ReplyError};
use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::trace::TraceContext;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

const SESSION: &str = "tenant-1_thread-00000000000000000000000001";
const ARN: &str = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234";

struct Noon;

impl Clock for Noon {
    /// 2026-01-15T12:00:00Z
    fn now(&self) -> Timestamp {
        Timestamp(1_768_478_400_000)
    }
}

fn client(endpoint: Endpoint, credentials: Option<Credentials>) -> AgentClient {
    let agents = BTreeMap::from([(AgentName::default_agent(), endpoint)]);
    AgentClient::new(agents, credentials.map(SharedCredentialsProvider::new), Arc::new(Noon)).unwrap()
}

/// A client of a container at `url`.
fn container(url: &str) -> AgentClient {
    client(url.parse().unwrap(), None)
}

/// A client of a runtime whose service is at `url`, with credentials.
fn runtime(url: &str) -> AgentClient {
    client(runtime_at(url), Some(credentials(None)))
}

fn runtime_at(url: &str) -> Endpoint {
    Endpoint::Runtime(Runtime {
        arn: ARN.to_owned(),
        region: "us-west-2".to_owned(),
        qualifier: "prod".to_owned(),
        service: url.parse().unwrap(),
    })
}

fn credentials(token: Option<&str>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token.map(str::to_owned), None, "test")
}

fn invocation() -> Invocation {
    Invocation {
        agent: AgentName::default_agent(),
        runtime_session: SESSION.to_owned(),
        body: r#"{"prompt":"hello é"}"#.into(),
        trace: TraceContext::default(),
    }
}

async fn error(client: &AgentClient) -> InvokeError {
    match client.invoke(&invocation()).await {
        Err(error) => error,
        Ok(_) => panic!("the agent answered"),
    }
}

async fn reply(client: &AgentClient) -> Box<dyn Reply> {
    client.invoke(&invocation()).await.unwrap()
}

/// The JSON texts of the next events, waiting until there are any; `None` behind the last.
async fn next_events(reply: &mut dyn Reply) -> Result<Option<Vec<String>>, ReplyError> {
    let texts = |events: Vec<agentcore_gateway::protocol::event::Event>| {
        events.iter().map(|event| event.as_json().to_owned()).collect::<Vec<_>>()
    };
    loop {
        match reply.next().await? {
            Progress::Events(events) if events.is_empty() => {}
            Progress::Events(events) => return Ok(Some(texts(events))),
            Progress::End(events) if events.is_empty() => return Ok(None),
            Progress::End(events) => return Ok(Some(texts(events))),
        }
    }
}

/// The JSON texts of all events of a whole reply.
async fn all_events(mut reply: Box<dyn Reply>) -> Result<Vec<String>, ReplyError> {
    let mut all = Vec::new();
    loop {
        let (events, ended) = match reply.next().await? {
            Progress::Events(events) => (events, false),
            Progress::End(events) => (events, true),
        };
        all.extend(events.iter().map(|event| event.as_json().to_owned()));
        if ended {
            return Ok(all);
        }
    }
}
