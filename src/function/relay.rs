//! The `relay` function.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::Builder;

use super::agents::Configured;
use super::choices::{max_run, on_abandoned, on_stop};
use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::metrics::{MeasuredPush, MeasuredQueue, MeasuredTable};
use crate::push::management::ManagementApi;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;
use crate::relay::{Relay, Settings, Tools};
use crate::run_ended::RunEvents;
use crate::table::Table;

/// What the function is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The table.
    pub table: String,
    /// The queue that the agents send to.
    pub queue_url: String,
    /// The stage of the WebSocket API, as the Management API knows it.
    pub management_endpoint: String,
    /// The agents, whose sessions it stops.
    pub agents: Configured,
    /// Times, sizes and choices.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE_NAME`, `REPLIES_QUEUE_URL`, `MANAGEMENT_ENDPOINT`, `MAX_REPLY_BYTES`, and what [`Configured::read`],
    /// [`max_run`], [`on_stop`] and [`on_abandoned`] read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            queue_url: environment.required("REPLIES_QUEUE_URL")?.to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            agents: Configured::read(environment)?,
            settings: Settings {
                max_run: max_run(environment)?,
                max_reply_bytes: environment.count("MAX_REPLY_BYTES", super::MAX_REPLY_BYTES)? as usize,
                on_stop: on_stop(environment)?,
                on_abandoned: on_abandoned(environment)?,
                ..Settings::default()
            },
        })
    }

    /// The relay that works by it, and tells `events` how runs end.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn relay(self, aws: &SdkConfig, events: Arc<dyn RunEvents>) -> Result<Relay, reqwest::Error> {
        let table = Arc::new(MeasuredTable::new(Table::new(aws_sdk_dynamodb::Client::new(aws), self.table)));
        let push = ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint));
        Ok(Relay::new(Tools {
            sessions: table.clone(),
            reply_runs: table.clone(),
            journal: table,
            visibility: Arc::new(MeasuredQueue::new(SqsQueue::new(aws_sdk_sqs::Client::new(aws), self.queue_url))),
            push: Arc::new(MeasuredPush::timed(push)),
            events,
            agents: self.agents.agents(aws)?,
            clock: Arc::new(SystemClock),
            random: Arc::new(Random::from_os()),
            settings: self.settings,
        }))
    }
}
