//! Where AgentCore and EventBridge are called in each partition of AWS.

use agentcore_gateway::agent::endpoint::{Endpoint, Runtime};
use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::agents::Configured;
use agentcore_gateway::run_ended::event_bridge::EventBus;

/// The addresses of the agents in `AGENTS`, for one agent in this partition and region.
fn called_at(partition: &str, region: &str, more: &[(&str, &str)]) -> Vec<String> {
    let arn = format!("arn:{partition}:bedrock-agentcore:{region}:123456789012:runtime/agent-0123456789");
    let agents = format!(r#"{{"default": {{"runtime_arn": "{arn}"}}}}"#);
    let variables = [&[("AGENTS", agents.as_str())], more].concat();
    let configured = Configured::read(&Environment::of(variables)).expect("the agents can be read");
    let address = |endpoint: &Endpoint| match endpoint {
        Endpoint::Runtime(runtime) => runtime.service.to_string(),
        Endpoint::Container(url) => panic!("no runtime: {url}"),
    };
    configured.endpoints.values().map(address).collect()
}

#[test]
fn a_function_calls_agents_at_the_host_names_of_its_partition() {
    let given = [("DNS_SUFFIX", "amazonaws.eu")];
    assert_eq!(
        called_at("aws-eusc", "eusc-de-east-1", &given),
        ["https://bedrock-agentcore.eusc-de-east-1.amazonaws.eu/"]
    );
    let later = [("DNS_SUFFIX", "cloud.example")];
    assert_eq!(called_at("aws-later", "later-1", &later), ["https://bedrock-agentcore.later-1.cloud.example/"]);
}

#[test]
fn an_endpoint_that_is_named_goes_before_the_partition() {
    let given = [("DNS_SUFFIX", "amazonaws.eu"), ("AGENTCORE_ENDPOINT_URL", "https://proxy.example.com")];
    assert_eq!(called_at("aws-eusc", "eusc-de-east-1", &given), ["https://proxy.example.com/"]);
}

#[test]
fn an_event_bus_is_at_the_host_names_of_its_partition() {
    let bus = |partition: &str, suffix: Option<&str>| {
        let suffix = suffix.map(|suffix| suffix.parse().expect("the suffix is one"));
        let arn = format!("arn:{partition}:events:later-1:123456789012:event-bus/default");
        EventBus::from_arn(&arn, suffix.as_ref()).map(|bus| bus.service.to_string())
    };
    assert_eq!(bus("aws-later", Some("cloud.example")), Ok("https://events.later-1.cloud.example/".to_owned()));
    assert!(bus("aws-later", None).is_err(), "nobody can know where it is");
}

#[test]
fn without_a_suffix_the_partition_has_to_be_known() {
    let service = |partition: &str| {
        let arn = format!("arn:{partition}:bedrock-agentcore:some-1:123456789012:runtime/agent-0123456789");
        Runtime::from_arn(&arn, None).map(|runtime| runtime.service.to_string()).map_err(|error| error.to_string())
    };
    for (partition, suffix) in [
        ("aws", "amazonaws.com"),
        ("aws-us-gov", "amazonaws.com"),
        ("aws-cn", "amazonaws.com.cn"),
        ("aws-eusc", "amazonaws.eu"),
        ("aws-iso", "c2s.ic.gov"),
        ("aws-iso-b", "sc2s.sgov.gov"),
        ("aws-iso-e", "cloud.adc-e.uk"),
        ("aws-iso-f", "csp.hci.ic.gov"),
    ] {
        assert_eq!(service(partition), Ok(format!("https://bedrock-agentcore.some-1.{suffix}/")));
    }
    let error = service("aws-later").expect_err("nobody can know where it is");
    assert!(error.contains("arn:aws-later:") && error.contains("partition"), "{error}");
}
