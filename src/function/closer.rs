//! The `closer` function.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_apigatewaymanagement::config::Builder;
use tokio::time::Instant;

use super::choices::{max_run, on_stop};
use crate::clock::SystemClock;
use crate::closer::{Closer, Settings, Tools};
use crate::environment::{Environment, InvalidVariable};
use crate::metrics::{MeasuredPush, MeasuredQueue, MeasuredTable};
use crate::push::management::ManagementApi;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;
use crate::run_ended::RunEvents;
use crate::table::Table;

/// What the function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table.
    pub table: String,
    /// The queue of prompts that were given up.
    pub queue_url: String,
    /// The queue of runs to look after; there need be none where no agent goes on by itself.
    pub watch_queue_url: String,
    /// The stage of the WebSocket API, as the Management API knows it.
    pub management_endpoint: String,
    /// Times.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE_NAME`, `GIVEN_UP_QUEUE_URL`, `WATCH_QUEUE_URL`, `MANAGEMENT_ENDPOINT`, `MAX_RECEIVE_COUNT`,
    /// `LONGEST_RUN_SECONDS`, and what [`max_run`] and [`on_stop`] read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let Settings { longest_run, max_receive_count, .. } = Settings::default();
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            queue_url: environment.required("GIVEN_UP_QUEUE_URL")?.to_owned(),
            watch_queue_url: environment.optional("WATCH_QUEUE_URL").unwrap_or_default().to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            settings: Settings {
                longest_run: environment.duration_seconds("LONGEST_RUN_SECONDS", longest_run)?,
                max_receive_count: environment.count("MAX_RECEIVE_COUNT", max_receive_count)?,
                max_run: max_run(environment)?,
                on_stop: on_stop(environment)?,
            },
        })
    }

    /// The function that works by it, and tells `events` how runs end.
    #[must_use]
    pub fn function(self, aws: &SdkConfig, events: Arc<dyn RunEvents>) -> Function {
        let table = Arc::new(MeasuredTable::new(Table::new(aws_sdk_dynamodb::Client::new(aws), self.table)));
        let push = ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint));
        let sqs = aws_sdk_sqs::Client::new(aws);
        let watch_queue = name_of(&self.watch_queue_url).to_owned();
        let closer = Closer::new(Tools {
            sessions: table.clone(),
            journal: table,
            visibility: Arc::new(MeasuredQueue::new(SqsQueue::new(sqs.clone(), self.queue_url))),
            watch_visibility: Arc::new(MeasuredQueue::new(SqsQueue::new(sqs, self.watch_queue_url))),
            push: Arc::new(MeasuredPush::timed(push)),
            events,
            clock: Arc::new(SystemClock),
            random: Arc::new(Random::from_os()),
            settings: self.settings,
        });
        Function { closer, watch_queue }
    }
}

/// A closer behind two queues.
#[derive(Debug)]
pub struct Function {
    closer: Closer,
    /// The name of the one that holds runs to look after; empty: there is none.
    watch_queue: String,
}

impl Function {
    /// Handles a batch of either queue, before `deadline`. A batch is of one queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Instant) -> SqsBatchResponse {
        let source = event.records.first().and_then(|record| record.event_source_arn.as_deref()).unwrap_or_default();
        // The last part of a queue's ARN is its name, and so is that of its URL.
        if !self.watch_queue.is_empty() && source.rsplit(':').next() == Some(&self.watch_queue) {
            return self.closer.watch(event, Some(deadline)).await;
        }
        self.closer.handle(event, Some(deadline)).await
    }
}

fn name_of(queue_url: &str) -> &str {
    queue_url.rsplit('/').next().unwrap_or_default()
}
