//! What an AgentCore runtime is sent.

use agentcore_gateway::agent::sign::{Scope, Unsigned, signed_headers};
use agentcore_gateway::agent::{Agents, InvokeError};
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::trace::TraceContext;

use super::{SESSION, client, credentials, invocation, runtime, runtime_at};
use crate::support::agent::{FakeAgent, Request, Script};

const PATH: &str = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fmy_agent-AbCdEf1234";
const SESSION_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-session-id";

async fn sent(trace: TraceContext) -> (FakeAgent, Request) {
    let agent = FakeAgent::once(Script::json("1")).await;
    let mut invocation = invocation();
    invocation.trace = trace;
    client(runtime_at(&agent.url()), Some(credentials(Some("TOKEN")))).invoke(&invocation).await.unwrap();
    let request = agent.only_request();
    (agent, request)
}

fn signed_names(request: &Request) -> Vec<&str> {
    let authorization = request.header("authorization").unwrap();
    let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
    names.split_once(", Signature=").unwrap().0.split(';').collect()
}

async fn stopped(script: Script) -> (Result<(), InvokeError>, Request) {
    let agent = FakeAgent::once(script).await;
    let result = runtime(&agent.url()).stop_session(&AgentName::default_agent(), SESSION).await;
    (result, agent.only_request())
}

#[tokio::test]
async fn the_arn_is_one_segment_of_the_path() {
    let (_, request) = sent(TraceContext::default()).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("{PATH}/invocations?qualifier=prod"));
    assert_eq!(request.body, &*invocation().body);
}

#[tokio::test]
async fn session_and_types_are_sent_and_signed() {
    let (_, request) = sent(TraceContext::default()).await;
    assert_eq!(request.header(SESSION_HEADER), Some(SESSION));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("text/event-stream, application/json"));
    assert_eq!(request.header("x-amz-date"), Some("20260115T120000Z"));
    assert_eq!(request.header("x-amz-security-token"), Some("TOKEN"));
    assert_eq!(request.header("x-amzn-bedrock-agentcore-runtime-user-id"), None);
    let names = ["accept", "content-type", "host", "x-amz-date", "x-amz-security-token", SESSION_HEADER];
    assert_eq!(signed_names(&request), names);
}

#[tokio::test]
async fn the_signature_is_that_of_what_was_sent() {
    let (agent, request) = sent(TraceContext::default()).await;
    let url = format!("{}{}", agent.url(), request.path);
    let header = |name: &'static str| (name, request.header(name).unwrap());
    let headers = [header("accept"), header("content-type"), header(SESSION_HEADER)];
    let unsigned = Unsigned { method: "POST", url: &url, headers: &headers, body: request.body.as_bytes() };
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_768_478_400);
    let scope = Scope { service: "bedrock-agentcore", region: "us-west-2" };
    for (name, value) in signed_headers(unsigned, &credentials(Some("TOKEN")), scope, time).unwrap() {
        assert_eq!(request.header(&name), Some(value.as_str()), "{name}");
    }
    assert_eq!(request.header("host"), Some(agent.url().trim_start_matches("http://")));
}

#[tokio::test]
async fn the_trace_is_sent_but_not_signed() {
    let xray = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let (_, plain) = sent(TraceContext::default()).await;
    let (_, request) = sent(TraceContext::from_xray(xray)).await;
    assert_eq!(request.header("x-amzn-trace-id"), Some(xray));
    assert_eq!(signed_names(&request), signed_names(&plain));
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let (_, request) = sent(TraceContext { traceparent: Some(traceparent.to_owned()), xray: None }).await;
    assert_eq!(request.header("traceparent"), Some(traceparent));
    assert_eq!(request.header("x-amzn-trace-id"), None);
}

#[tokio::test]
async fn a_session_is_stopped_by_its_id() {
    let (result, request) = stopped(Script::json("{}")).await;
    assert_eq!(result, Ok(()));
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("{PATH}/stopruntimesession?qualifier=prod"));
    assert_eq!(request.header(SESSION_HEADER), Some(SESSION));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.body, "{}");
    assert_eq!(signed_names(&request), ["content-type", "host", "x-amz-date", SESSION_HEADER]);
}

#[tokio::test]
async fn a_session_that_is_gone_counts_as_stopped() {
    assert_eq!(stopped(Script::status(404, r#"{"__type":"ResourceNotFoundException"}"#)).await.0, Ok(()));
    assert_eq!(stopped(Script::status(202, "")).await.0, Ok(()));
}

#[tokio::test]
async fn a_stop_that_fails_is_told() {
    let conflict = r#"{"__type":"ConflictException","message":"no"}"#;
    assert_eq!(stopped(Script::status(409, conflict)).await.0, Err(InvokeError::Conflict("no".to_owned())));
    assert_eq!(stopped(Script::status(429, "")).await.0, Err(InvokeError::Throttled));
    assert_eq!(stopped(Script::status(500, "")).await.0, Err(InvokeError::Platform(500)));
    assert_eq!(stopped(Script::status(302, "")).await.0, Err(InvokeError::Unexpected(302)));
    assert!(matches!(stopped(Script::close()).await.0, Err(InvokeError::NoAnswer(_))));
}
