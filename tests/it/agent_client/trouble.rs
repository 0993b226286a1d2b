//! Agents that do not answer.

use std::time::Duration;

use agentcore_gateway::agent::{Agents, InvokeError};
use agentcore_gateway::protocol::ids::AgentName;

use super::{all_events, client, container, error, invocation, reply, runtime, runtime_at};
use crate::support::agent::{FakeAgent, RefusingPort, Script};

#[tokio::test]
async fn a_refused_connection_is_told_apart_for_nothing_reached_the_agent() {
    let port = RefusingPort::bind();
    assert_eq!(error(&container(&port.url())).await, InvokeError::Refused);
    assert_eq!(error(&runtime(&port.url())).await, InvokeError::Refused);
}

#[tokio::test]
async fn a_host_that_cannot_be_connected_to_is_unreachable() {
    // The broadcast address: the operating system refuses to try.
    assert!(matches!(error(&container("http://255.255.255.255")).await, InvokeError::Unreachable(_)));
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_may_have_run_the_agent_and_is_not_tried_again() {
    let agent = FakeAgent::sequence([Script::close(), Script::json("1")]).await;
    assert!(matches!(error(&container(&agent.url())).await, InvokeError::NoAnswer(_)));
    assert_eq!(agent.requests().len(), 1);
}

#[tokio::test]
async fn a_kept_connection_closed_without_an_answer_is_not_tried_again_either() {
    let agent = FakeAgent::sequence([Script::json("1"), Script::close(), Script::json("3")]).await;
    let client = container(&agent.url());
    assert_eq!(all_events(reply(&client).await).await, Ok(vec!["1".to_owned()]));
    assert!(matches!(error(&client).await, InvokeError::NoAnswer(_)));
    assert_eq!(agent.requests().len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_no_answer() {
    for raw in ["hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let agent = FakeAgent::once(Script::Raw(raw.as_bytes().to_vec())).await;
        let error = error(&container(&agent.url())).await;
        assert!(matches!(error, InvokeError::NoAnswer(_)), "{raw:?}: {error:?}");
    }
}

#[tokio::test]
async fn an_agent_that_never_answers_is_waited_for_however_long_that_takes() {
    let agent = FakeAgent::once(Script::Never).await;
    let client = container(&agent.url());
    let call = tokio::spawn(async move { client.invoke(&invocation()).await.map(drop) });
    agent.next_request().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    call.abort();
}

#[tokio::test]
async fn an_agent_that_is_not_configured_is_not_called() {
    let agent = FakeAgent::once(Script::json("1")).await;
    let client = container(&agent.url());
    let mut invocation = invocation();
    invocation.agent = AgentName::parse("other").unwrap();
    assert!(matches!(client.invoke(&invocation).await, Err(InvokeError::NotConfigured)));
    assert_eq!(client.stop_session(&invocation.agent, "s").await, Err(InvokeError::NotConfigured));
    assert_eq!(agent.requests(), []);
}

#[tokio::test]
async fn a_runtime_is_not_called_without_credentials() {
    let agent = FakeAgent::once(Script::json("1")).await;
    assert!(matches!(error(&client(runtime_at(&agent.url()), None)).await, InvokeError::Credentials(_)));
    assert_eq!(agent.requests(), []);
}
