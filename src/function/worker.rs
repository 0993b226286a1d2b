//! The `worker` function.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::Builder;
use reqwest::Url;
use serde::Deserialize;

use crate::agent::Agents;
use crate::agent::client::AgentClient;
use crate::agent::echo::EchoAgents;
use crate::agent::endpoint::Endpoint;
use crate::choices::OnAbandoned;
use crate::clock::{Clock, SystemClock};
use crate::environment::{Environment, InvalidVariable};
use crate::journal;
use crate::protocol::ids::AgentName;
use crate::push::management::ManagementApi;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;
use crate::table::Table;
use crate::worker::settings::Settings;
use crate::worker::{Tools, Worker};

/// What the function is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The table.
    pub table: String,
    /// The queue that the prompts come from.
    pub queue_url: String,
    /// The stage of the WebSocket API, as the Management API knows it.
    pub management_endpoint: String,
    /// The agents by name; none: the echo agent.
    pub agents: BTreeMap<AgentName, Endpoint>,
    /// Times and choices.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE_NAME`, `PROMPTS_QUEUE_URL`, `MANAGEMENT_ENDPOINT`, `AGENTS`, `AGENTCORE_ENDPOINT_URL`, `ON_STOP`,
    /// `STOP_ABANDONED`, `PUSH_INTERVAL_MS`, `RETRY_WINDOW_SECONDS`, `SILENCE_LIMIT_SECONDS`, `MAX_WAIT_SECONDS`,
    /// `MAX_REPLY_BYTES`, `MAX_RECEIVE_COUNT` and `LONGEST_RUN_SECONDS`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            queue_url: environment.required("PROMPTS_QUEUE_URL")?.to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            agents: agents(environment)?,
            settings: settings(environment)?,
        })
    }

    /// The worker that works by it.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn worker(self, aws: &SdkConfig) -> Result<Worker, reqwest::Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let table = Arc::new(Table::new(aws_sdk_dynamodb::Client::new(aws), self.table));
        let agents: Arc<dyn Agents> = if self.agents.is_empty() {
            Arc::new(EchoAgents)
        } else {
            Arc::new(AgentClient::new(self.agents, aws.credentials_provider(), clock.clone())?)
        };
        Ok(Worker::new(Tools {
            sessions: table.clone(),
            connections: table.clone(),
            journal: table,
            visibility: Arc::new(SqsQueue::new(aws_sdk_sqs::Client::new(aws), self.queue_url)),
            push: Arc::new(ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint))),
            agents,
            clock,
            random: Arc::new(Random::from_os()),
            settings: self.settings,
        }))
    }
}

/// An agent in `AGENTS`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfiguredAgent {
    runtime_arn: String,
    #[serde(default)]
    endpoint_name: Option<String>,
}

fn agents(environment: &Environment) -> Result<BTreeMap<AgentName, Endpoint>, InvalidVariable> {
    let rule = r#"be a JSON object such as {"default": {"runtime_arn": "arn:aws:bedrock-agentcore:…", "endpoint_name": "DEFAULT"}}"#;
    let agents: BTreeMap<AgentName, ConfiguredAgent> = serde_json::from_str(environment.required("AGENTS")?)
        .map_err(|error| InvalidVariable::new("AGENTS", format!("{rule}: {error}")))?;
    let service = environment.optional("AGENTCORE_ENDPOINT_URL").map(Url::parse).transpose();
    let service = service.map_err(|_| InvalidVariable::new("AGENTCORE_ENDPOINT_URL", "be a URL"))?;
    let endpoints = agents.into_iter().map(|(name, ConfiguredAgent { runtime_arn, endpoint_name })| {
        let text = match endpoint_name {
            Some(endpoint) => format!("{runtime_arn}/runtime-endpoint/{endpoint}"),
            None => runtime_arn,
        };
        match text.parse() {
            Ok(Endpoint::Runtime(mut runtime)) => {
                if let Some(service) = &service {
                    runtime.service = service.clone();
                }
                Ok((name, Endpoint::Runtime(runtime)))
            }
            _ => Err(InvalidVariable::new("AGENTS", format!("hold the ARN of an AgentCore runtime for {name}"))),
        }
    });
    endpoints.collect()
}

fn settings(environment: &Environment) -> Result<Settings, InvalidVariable> {
    let defaults = Settings::default();
    let on_stop = environment.optional("ON_STOP").map(str::parse).transpose();
    let seconds = |variable, default: Duration| environment.duration_seconds(variable, default);
    Ok(Settings {
        coalesce_interval: Duration::from_millis(environment.count("PUSH_INTERVAL_MS", 100)?.into()),
        max_wait: environment.duration_up_to("MAX_WAIT_SECONDS", defaults.max_wait, journal::RETENTION)?,
        max_reply_bytes: environment.count("MAX_REPLY_BYTES", 32 * 1024 * 1024)? as usize,
        on_abandoned: if environment.flag("STOP_ABANDONED", false)? {
            OnAbandoned::Stop
        } else {
            OnAbandoned::Continue
        },
        retry_window: seconds("RETRY_WINDOW_SECONDS", defaults.retry_window)?,
        silence_limit: seconds("SILENCE_LIMIT_SECONDS", defaults.silence_limit)?,
        max_receive_count: environment.count("MAX_RECEIVE_COUNT", defaults.max_receive_count)?,
        longest_run: seconds("LONGEST_RUN_SECONDS", defaults.longest_run)?,
        on_stop: on_stop
            .map_err(|_| InvalidVariable::new("ON_STOP", "be stop-session or detach"))?
            .unwrap_or(defaults.on_stop),
        ..defaults
    })
}
