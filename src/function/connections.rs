//! The `connections` function.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_dynamodb::Client;

use super::auth::Auth;
use super::choices::on_stop;
use super::uploads::UploadBucket;
use crate::choices::OnStop;
use crate::clock::SystemClock;
use crate::connections::ConnectionsHandler;
use crate::connections::origins::{AllowedOrigins, Origin};
use crate::environment::{Environment, InvalidVariable};
use crate::journal::{self, REPLAY_WINDOW};
use crate::metrics::{MeasuredPush, MeasuredTable};
use crate::push::management::ManagementApi;
use crate::random::Random;
use crate::run_ended::RunEvents;
use crate::table::Table;

/// What the function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table.
    pub table: String,
    /// The stage of the WebSocket API, as the Management API knows it.
    pub management_endpoint: String,
    /// Who may connect.
    pub auth: Auth,
    /// Whose pages may connect.
    pub origins: AllowedOrigins,
    /// What becomes of the agent of a run that is ended here.
    pub on_stop: OnStop,
    /// How long a run can be replayed after its end.
    pub replay_window: Duration,
    /// Where uploads are put; nowhere: none are taken.
    pub uploads: Option<UploadBucket>,
}

impl Config {
    /// Reads `TABLE_NAME`, `MANAGEMENT_ENDPOINT`, `ALLOWED_ORIGINS` (separated by commas, or `*`; none: no page may
    /// connect), `REPLAY_WINDOW_SECONDS`, and what [`Auth::read`], [`on_stop`] and [`UploadBucket::read`] read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        let origins = environment.list("ALLOWED_ORIGINS").map(str::parse::<Origin>).collect::<Result<Vec<_>, _>>();
        let origins = origins.map_err(|_| {
            let rule = "be origins such as https://app.example.com, separated by commas, or *";
            InvalidVariable::new("ALLOWED_ORIGINS", rule)
        })?;
        Ok(Self {
            table: environment.required("TABLE_NAME")?.to_owned(),
            management_endpoint: environment.required("MANAGEMENT_ENDPOINT")?.to_owned(),
            auth: Auth::read(environment)?,
            origins: AllowedOrigins::from_list(origins),
            on_stop: on_stop(environment)?,
            replay_window: environment.duration_up_to("REPLAY_WINDOW_SECONDS", REPLAY_WINDOW, journal::RETENTION)?,
            uploads: UploadBucket::read(environment)?,
        })
    }

    /// The handler that works by it, and tells `events` how runs end.
    #[must_use]
    pub fn handler(self, aws: &SdkConfig, events: Arc<dyn RunEvents>) -> ConnectionsHandler {
        let table = Arc::new(MeasuredTable::new(Table::new(Client::new(aws), self.table)));
        let push = ManagementApi::new(Builder::from(aws).endpoint_url(self.management_endpoint));
        ConnectionsHandler {
            sessions: table.clone(),
            connections: table.clone(),
            journal: table,
            push: Arc::new(MeasuredPush::timed(push)),
            clock: Arc::new(SystemClock),
            random: Arc::new(Random::from_os()),
            identity: self.auth.identity(aws),
            origins: self.origins,
            events,
            uploads: self.uploads.map(|uploads| uploads.offers(aws)),
            on_stop: self.on_stop,
            replay_window: self.replay_window,
        }
    }
}
