//! What whoever deploys the gateway chooses for runs that end before their agents do, as the functions are told.

use std::time::Duration;

use crate::choices::{OnAbandoned, OnStop};
use crate::environment::{Environment, InvalidVariable};
use crate::session::MAX_DETACHED_RUN;

/// Reads `ON_STOP`.
///
/// # Errors
/// [`InvalidVariable`]
pub fn on_stop(environment: &Environment) -> Result<OnStop, InvalidVariable> {
    let on_stop = environment.optional("ON_STOP").map(str::parse).transpose();
    let on_stop = on_stop.map_err(|_| InvalidVariable::new("ON_STOP", "be stop-session or detach"))?;
    Ok(on_stop.unwrap_or(OnStop::StopSession))
}

/// Reads `STOP_ABANDONED`.
///
/// # Errors
/// [`InvalidVariable`]
pub fn on_abandoned(environment: &Environment) -> Result<OnAbandoned, InvalidVariable> {
    let is_to_stop = environment.flag("STOP_ABANDONED", false)?;
    Ok(if is_to_stop { OnAbandoned::Stop } else { OnAbandoned::Continue })
}

/// Reads `MAX_RUN_SECONDS`: how long a run may take whose agent goes on by itself.
///
/// # Errors
/// [`InvalidVariable`]
pub fn max_run(environment: &Environment) -> Result<Duration, InvalidVariable> {
    environment.duration_up_to("MAX_RUN_SECONDS", MAX_DETACHED_RUN, MAX_DETACHED_RUN)
}
