//! The `closer` function.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::Builder;

use crate::clock::SystemClock;
use crate::closer::{Closer, Settings, Tools};
use crate::environment::{Environment, InvalidVariable};
use crate::push::management::ManagementApi;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;
use crate::table::Table;

/// What the function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table.
    pub table: String,
    /// The queue of prompts that were given up.
    pub queue_url: String,
    /// The stage of the WebSocket API, as the Management API knows it.
    pub management_endpoint: String,
    /// Times.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE_NAME`, `GIVEN_UP_QUEUE_URL`, `MANAGEMENT_ENDPOINT`, `MAX_RECEIVE_COUNT` and `LONGEST_RUN_SECONDS`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let Settings { longest_run, max_receive_count } = Settings::default();
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            queue_url: environment.required("GIVEN_UP_QUEUE_URL")?.to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            settings: Settings {
                longest_run: environment.duration_seconds("LONGEST_RUN_SECONDS", longest_run)?,
                max_receive_count: environment.count("MAX_RECEIVE_COUNT", max_receive_count)?,
            },
        })
    }

    /// The closer that works by it.
    #[must_use]
    pub fn closer(self, aws: &SdkConfig) -> Closer {
        let table = Arc::new(Table::new(aws_sdk_dynamodb::Client::new(aws), self.table));
        Closer::new(Tools {
            sessions: table.clone(),
            journal: table,
            visibility: Arc::new(SqsQueue::new(aws_sdk_sqs::Client::new(aws), self.queue_url)),
            push: Arc::new(ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint))),
            clock: Arc::new(SystemClock),
            random: Arc::new(Random::from_os()),
            settings: self.settings,
        })
    }
}
