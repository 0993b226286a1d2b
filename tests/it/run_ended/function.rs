//! Whom a function tells: its variables say so.

use agentcore_gateway::environment::{Environment, InvalidVariable};
use agentcore_gateway::function::run_events::run_events;

use super::failed;
use crate::support::agent::{FakeAgent, Script};
use crate::support::aws::{config, operation};

const BUS: &str = "arn:aws:events:eu-central-1:123456789012:event-bus/default";

async fn willing() -> FakeAgent {
    FakeAgent::start(|_| Script::json(r#"{"FailedEntryCount":0,"Entries":[{"EventId":"e-1"}]}"#)).await
}

/// Tells of a run as a function with these variables does.
async fn tell(aws: &FakeAgent, variables: &[(&str, &str)]) {
    let environment = Environment::of(variables.iter().copied());
    run_events(&environment, &config(&aws.url())).unwrap().ended(&failed()).await;
}

#[tokio::test]
async fn without_a_bus_nobody_is_told() {
    let aws = willing().await;
    tell(&aws, &[("AWS_ENDPOINT_URL", &aws.url())]).await;
    tell(&aws, &[("AWS_ENDPOINT_URL", &aws.url()), ("EVENT_BUS_ARN", " ")]).await;
    assert_eq!(aws.requests(), []);
}

#[tokio::test]
async fn a_bus_is_told_where_the_variables_say_that_it_is() {
    let (aws, other) = (willing().await, willing().await);
    tell(&aws, &[("AWS_ENDPOINT_URL", &aws.url()), ("EVENT_BUS_ARN", BUS)]).await;
    assert_eq!(operation(&aws.only_request()), "PutEvents");
    let variables = [("AWS_ENDPOINT_URL", aws.url()), ("AWS_ENDPOINT_URL_EVENTBRIDGE", other.url())];
    let variables = variables.each_ref().map(|(name, url)| (*name, url.as_str()));
    tell(&aws, &[&variables[..], &[("EVENT_BUS_ARN", BUS)]].concat()).await;
    assert_eq!((aws.requests().len(), other.requests().len()), (1, 1));
    let authorization = other.only_request().header("authorization").unwrap().to_owned();
    assert!(authorization.contains("/eu-central-1/events/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn a_wrong_variable_is_named_with_its_rule() {
    let aws = willing().await;
    let arn = "be the ARN of an event bus, arn:aws:events:REGION:ACCOUNT:event-bus/NAME";
    for (variables, name, rule) in [
        (vec![("EVENT_BUS_ARN", "hunter2")], "EVENT_BUS_ARN", arn),
        (vec![("EVENT_BUS_ARN", BUS), ("AWS_ENDPOINT_URL", "hunter2")], "AWS_ENDPOINT_URL", "be a URL"),
        (
            vec![("EVENT_BUS_ARN", BUS), ("AWS_ENDPOINT_URL_EVENTBRIDGE", "hunter2")],
            "AWS_ENDPOINT_URL_EVENTBRIDGE",
            "be a URL",
        ),
    ] {
        let Err(error) = run_events(&Environment::of(variables), &config(&aws.url())) else { panic!("{name}") };
        assert_eq!(error.downcast_ref(), Some(&InvalidVariable::new(name, rule)));
    }
}
