//! The agents that are configured, for the functions that may call them or stop their sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_config::SdkConfig;
use reqwest::Url;
use serde::Deserialize;

use crate::agent::Agents;
use crate::agent::client::AgentClient;
use crate::agent::echo::EchoAgents;
use crate::agent::endpoint::{Endpoint, InvalidEndpoint, Runtime};
use crate::arn::DnsSuffix;
use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::function::partition::dns_suffix;
use crate::protocol::ids::AgentName;

/// The agents by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// Where they are; none: the echo agent.
    pub endpoints: BTreeMap<AgentName, Endpoint>,
    /// Those that may go on by themselves.
    pub long_runs: BTreeSet<AgentName>,
}

/// An agent in `AGENTS`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfiguredAgent {
    runtime_arn: String,
    #[serde(default)]
    endpoint_name: Option<String>,
    #[serde(default)]
    long_runs: bool,
}

impl Configured {
    /// Reads `AGENTS`, `AGENTCORE_ENDPOINT_URL` and `DNS_SUFFIX`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let rule = r#"be a JSON object such as {"default": {"runtime_arn": "arn:aws:bedrock-agentcore:…", "endpoint_name": "DEFAULT"}}"#;
        let agents: BTreeMap<AgentName, ConfiguredAgent> = serde_json::from_str(environment.required("AGENTS")?)
            .map_err(|error| InvalidVariable::new("AGENTS", format!("{rule}: {error}")))?;
        let service = environment.optional("AGENTCORE_ENDPOINT_URL").map(Url::parse).transpose();
        let service = service.map_err(|_| InvalidVariable::new("AGENTCORE_ENDPOINT_URL", "be a URL"))?;
        let dns_suffix = dns_suffix(environment)?;
        let mut configured = Self::default();
        for (name, agent) in agents {
            configured.endpoints.insert(name.clone(), endpoint(&name, &agent, service.as_ref(), dns_suffix.as_ref())?);
            if agent.long_runs {
                configured.long_runs.insert(name);
            }
        }
        Ok(configured)
    }

    /// The way to the agents.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn agents(self, aws: &SdkConfig) -> Result<Arc<dyn Agents>, reqwest::Error> {
        if self.endpoints.is_empty() {
            return Ok(Arc::new(EchoAgents));
        }
        Ok(Arc::new(AgentClient::new(self.endpoints, aws.credentials_provider(), Arc::new(SystemClock))?))
    }
}

fn endpoint(
    name: &AgentName,
    agent: &ConfiguredAgent,
    service: Option<&Url>,
    dns_suffix: Option<&DnsSuffix>,
) -> Result<Endpoint, InvalidVariable> {
    let text = match &agent.endpoint_name {
        Some(endpoint) => format!("{}/runtime-endpoint/{endpoint}", agent.runtime_arn),
        None => agent.runtime_arn.clone(),
    };
    let mut runtime = Runtime::from_arn(&text, dns_suffix).map_err(|error| match error {
        InvalidEndpoint::Partition(_) => {
            InvalidVariable::new("DNS_SUFFIX", format!("be what host names end in where the runtime of {name} is"))
        }
        _ => InvalidVariable::new("AGENTS", format!("hold the ARN of an AgentCore runtime for {name}")),
    })?;
    if let Some(service) = service {
        runtime.service = service.clone();
    }
    Ok(Endpoint::Runtime(runtime))
}
