//! Who is told that a run has ended: an event bus, or nobody. For each function that writes endings.

use std::sync::Arc;

use aws_config::SdkConfig;
use lambda_runtime::Error;
use reqwest::Url;

use crate::clock::SystemClock;
use crate::environment::{Environment, InvalidVariable};
use crate::function::partition::dns_suffix;
use crate::run_ended::event_bridge::{EventBridge, EventBus, InvalidEventBus};
use crate::run_ended::{Nobody, RunEvents};

/// Reads `EVENT_BUS_ARN` and `DNS_SUFFIX`; without the former nobody is told. `AWS_ENDPOINT_URL_EVENTBRIDGE`, else `AWS_ENDPOINT_URL`, is where the
/// service is instead of the bus's region, as for the SDKs.
///
/// # Errors
/// [`InvalidVariable`]; or the HTTP client's, if it cannot be set up.
pub fn run_events(environment: &Environment, aws: &SdkConfig) -> Result<Arc<dyn RunEvents>, Error> {
    let Some(bus) = event_bus(environment)? else { return Ok(Arc::new(Nobody)) };
    Ok(Arc::new(EventBridge::new(bus, aws.credentials_provider(), Arc::new(SystemClock))?))
}

fn event_bus(environment: &Environment) -> Result<Option<EventBus>, InvalidVariable> {
    let Some(arn) = environment.optional("EVENT_BUS_ARN") else { return Ok(None) };
    let invalid = |error: InvalidEventBus| InvalidVariable::new("EVENT_BUS_ARN", error.to_string());
    let mut bus = EventBus::from_arn(arn, dns_suffix(environment)?.as_ref()).map_err(invalid)?;
    for variable in ["AWS_ENDPOINT_URL_EVENTBRIDGE", "AWS_ENDPOINT_URL"] {
        if let Some(url) = environment.optional(variable) {
            bus.service = Url::parse(url).map_err(|_| InvalidVariable::new(variable, "be a URL"))?;
            break;
        }
    }
    Ok(Some(bus))
}
