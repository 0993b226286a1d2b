//! The `worker` function.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::Builder;

use super::agents::Configured;
use super::choices::{on_abandoned, on_stop};
use super::uploads::UploadBucket;
use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::journal;
use crate::metrics::{MeasuredPush, MeasuredQueue, MeasuredTable};
use crate::protocol::reply::ReplyQueue;
use crate::push::management::ManagementApi;
use crate::queue::sqs::SqsQueue;
use crate::random::Random;
use crate::run_ended::RunEvents;
use crate::table::Table;
use crate::worker::pace::Pace;
use crate::worker::settings::{LongRuns, Settings};
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
    /// The queue of runs to look after; there need be none where no agent goes on by itself.
    pub watch_queue_url: String,
    /// The agents.
    pub agents: Configured,
    /// Where uploads are read; nowhere: there are none.
    pub uploads: Option<UploadBucket>,
    /// Times and choices.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE_NAME`, `PROMPTS_QUEUE_URL`, `MANAGEMENT_ENDPOINT`, `PUSH_INTERVAL_MS`, `MAX_PUSH_INTERVAL_MS`, `RETRY_WINDOW_SECONDS`,
    /// `SILENCE_LIMIT_SECONDS`, `MAX_WAIT_SECONDS`, `MAX_REPLY_BYTES`, `MAX_RECEIVE_COUNT`, `LONGEST_RUN_SECONDS`, and what
    /// [`Configured::read`], [`on_stop`], [`on_abandoned`] and [`UploadBucket::read`] read; where an agent may go on by itself also
    /// `REPLIES_QUEUE_URL`, `REPLIES_ENDPOINT_URL`, `WATCH_QUEUE_URL` and `AWS_REGION`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let agents = Configured::read(environment)?;
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            queue_url: environment.required("PROMPTS_QUEUE_URL")?.to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            watch_queue_url: environment.optional("WATCH_QUEUE_URL").unwrap_or_default().to_owned(),
            uploads: UploadBucket::read(environment)?,
            settings: Settings { long_runs: long_runs(environment, &agents)?, ..settings(environment)? },
            agents,
        })
    }

    /// The worker that works by it, and tells `events` how its runs end.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn worker(self, aws: &SdkConfig, events: Arc<dyn RunEvents>) -> Result<Worker, reqwest::Error> {
        let table = Arc::new(MeasuredTable::new(Table::new(aws_sdk_dynamodb::Client::new(aws), self.table)));
        let push = ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint));
        let sqs = aws_sdk_sqs::Client::new(aws);
        Ok(Worker::new(Tools {
            sessions: table.clone(),
            connections: table.clone(),
            reply_runs: table.clone(),
            journal: table,
            visibility: Arc::new(MeasuredQueue::new(SqsQueue::new(sqs.clone(), self.queue_url))),
            watches: Arc::new(MeasuredQueue::new(SqsQueue::new(sqs, self.watch_queue_url))),
            push: Arc::new(MeasuredPush::timed(push)),
            events,
            agents: self.agents.agents(aws)?,
            uploads: self.uploads.map(|uploads| uploads.uploads(aws)),
            clock: Arc::new(SystemClock),
            random: Arc::new(Random::from_os()),
            settings: self.settings,
        }))
    }
}

/// Where agents send to that go on by themselves, if any may.
fn long_runs(environment: &Environment, agents: &Configured) -> Result<Option<LongRuns>, InvalidVariable> {
    if agents.long_runs.is_empty() {
        return Ok(None);
    }
    environment.required("WATCH_QUEUE_URL")?;
    let queue = ReplyQueue {
        queue_url: environment.required("REPLIES_QUEUE_URL")?.to_owned(),
        region: environment.required("AWS_REGION")?.to_owned(),
        endpoint_url: environment.optional("REPLIES_ENDPOINT_URL").map(str::to_owned),
    };
    Ok(Some(LongRuns { queue, agents: Some(agents.long_runs.clone()) }))
}

fn pace(environment: &Environment) -> Result<Pace, InvalidVariable> {
    let shortest = environment.milliseconds("PUSH_INTERVAL_MS")?.unwrap_or(Pace::SHORTEST);
    Pace::new(shortest, environment.milliseconds("MAX_PUSH_INTERVAL_MS")?)
        .map_err(|_| InvalidVariable::new("MAX_PUSH_INTERVAL_MS", "be no less than PUSH_INTERVAL_MS"))
}

fn settings(environment: &Environment) -> Result<Settings, InvalidVariable> {
    let defaults = Settings::default();
    let seconds = |variable, default: Duration| environment.duration_seconds(variable, default);
    Ok(Settings {
        pace: pace(environment)?,
        max_wait: environment.duration_up_to("MAX_WAIT_SECONDS", defaults.max_wait, journal::RETENTION)?,
        max_reply_bytes: environment.count("MAX_REPLY_BYTES", super::MAX_REPLY_BYTES)? as usize,
        on_abandoned: on_abandoned(environment)?,
        retry_window: seconds("RETRY_WINDOW_SECONDS", defaults.retry_window)?,
        silence_limit: seconds("SILENCE_LIMIT_SECONDS", defaults.silence_limit)?,
        max_receive_count: environment.count("MAX_RECEIVE_COUNT", defaults.max_receive_count)?,
        longest_run: seconds("LONGEST_RUN_SECONDS", defaults.longest_run)?,
        on_stop: on_stop(environment)?,
        ..defaults
    })
}
