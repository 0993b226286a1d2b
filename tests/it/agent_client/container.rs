//! What a container is sent.

use agentcore_gateway::agent::Agents;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::trace::TraceContext;

use super::{SESSION, all_events, container, invocation, reply};
use crate::support::agent::{FakeAgent, Request, Script};

async fn sent(path: &str, trace: TraceContext) -> Request {
    let agent = FakeAgent::once(Script::json("1")).await;
    let mut invocation = invocation();
    invocation.trace = trace;
    container(&format!("{}{path}", agent.url())).invoke(&invocation).await.unwrap();
    agent.only_request()
}

#[tokio::test]
async fn a_container_is_sent_the_body_as_it_is() {
    let request = sent("", TraceContext::default()).await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/invocations"));
    assert_eq!(request.body, &*invocation().body);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("text/event-stream, application/json"));
}

#[tokio::test]
async fn a_container_is_told_its_session_and_gets_no_signature() {
    let request = sent("", TraceContext::default()).await;
    assert_eq!(request.header("x-amzn-bedrock-agentcore-runtime-session-id"), Some(SESSION));
    for name in ["authorization", "x-amz-date", "traceparent", "x-amzn-trace-id", "cookie"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert_eq!(request.header("x-amzn-bedrock-agentcore-runtime-user-id"), None);
}

#[tokio::test]
async fn the_base_url_may_have_a_path() {
    for (base, path) in [("/", "/invocations"), ("/a/b", "/a/b/invocations"), ("/a/", "/a/invocations")] {
        assert_eq!(sent(base, TraceContext::default()).await.path, path);
    }
}

#[tokio::test]
async fn the_trace_is_passed_on() {
    let trace = TraceContext {
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        xray: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned()),
    };
    let request = sent("", trace.clone()).await;
    assert_eq!(request.header("traceparent"), trace.traceparent.as_deref());
    assert_eq!(request.header("x-amzn-trace-id"), trace.xray.as_deref());
}

#[tokio::test]
async fn a_container_has_no_session_to_stop() {
    let agent = FakeAgent::sequence([]).await;
    assert_eq!(container(&agent.url()).stop_session(&AgentName::default_agent(), SESSION).await, Ok(()));
    assert_eq!(agent.requests(), []);
}

#[tokio::test]
async fn one_client_serves_many_calls_at_once() {
    let (steps, script) = Script::stream();
    let agent = FakeAgent::sequence([script, Script::json("2"), Script::json("3")]).await;
    let client = container(&agent.url());
    let first = reply(&client).await;
    assert_eq!(all_events(reply(&client).await).await, Ok(vec!["2".to_owned()]));
    assert_eq!(all_events(reply(&client).await).await, Ok(vec!["3".to_owned()]));
    steps.event("1");
    steps.end();
    assert_eq!(all_events(first).await, Ok(vec!["1".to_owned()]));
}
