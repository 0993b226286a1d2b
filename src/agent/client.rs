//! The HTTP client for agents.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::body::Body;
use super::endpoint::{Endpoint, Runtime, SERVICE};
use super::reply::EventReader;
use super::sign::{Scope, Unsigned, headers_signed_by};
use super::status::error_of;
use super::{Agents, Invocation, InvokeError, MAX_EVENT_BYTES, Progress, Reply, ReplyError};
use crate::clock::Clock;
use crate::protocol::ids::AgentName;

const SESSION_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-session-id";
const ERROR_TYPE_HEADER: &str = "x-amzn-errortype";

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An idle connection is given up before a common server does so (uvicorn: 5 s), for a request on a connection that is
/// being closed may or may not have reached the agent, and must then not be sent again.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// How much of an error's body is read, and for how long.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// So much may an encoded reply decode to without one event: beyond it, it is a bomb. It is more than the largest event
/// takes with all that stands around its lines.
const MAX_BYTES_WITHOUT_EVENT: usize = 2 * MAX_EVENT_BYTES;

/// How an agent is reached.
enum Agent {
    Container { invocations: Url, http: Client },
    Runtime(Runtime),
}

/// Calls the configured agents over HTTP. It reports; whether to try again is the caller's decision.
pub struct AgentClient {
    http: Client,
    agents: BTreeMap<AgentName, Agent>,
    credentials: Option<SharedCredentialsProvider>,
    clock: Arc<dyn Clock>,
}

impl AgentClient {
    /// A client for `agents`. `credentials` are needed by those that are AgentCore runtimes.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn new(
        agents: BTreeMap<AgentName, Endpoint>,
        credentials: Option<SharedCredentialsProvider>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let builder = || {
            Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(POOL_IDLE_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                // Once a request may have reached the agent it is never sent again.
                .retry(reqwest::retry::never())
                .tcp_nodelay(true)
        };
        let http = builder().build()?;
        // Another client reads the system's certificates once more, which is most of a function's start.
        let is_local = |agent: &Endpoint| matches!(agent, Endpoint::Container(url) if is_loopback(url));
        let loopback = if agents.values().any(is_local) { builder().no_proxy().build()? } else { http.clone() };
        // What is on this machine no proxy can reach.
        let client_for = |container: &Url| if is_loopback(container) { loopback.clone() } else { http.clone() };
        let reached = |endpoint| match endpoint {
            Endpoint::Container(base) => {
                Agent::Container { invocations: invocations_of(&base), http: client_for(&base) }
            }
            Endpoint::Runtime(runtime) => Agent::Runtime(runtime),
        };
        let agents = agents.into_iter().map(|(name, endpoint)| (name, reached(endpoint))).collect();
        Ok(Self { http, agents, credentials, clock })
    }

    fn agent(&self, agent: &AgentName) -> Result<&Agent, InvokeError> {
        self.agents.get(agent).ok_or(InvokeError::NotConfigured)
    }

    async fn signed(
        &self,
        runtime: &Runtime,
        operation: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<RequestBuilder, InvokeError> {
        let url = runtime.url(operation);
        let unsigned = Unsigned { method: "POST", url: &url, headers, body: body.as_bytes() };
        let scope = Scope { service: SERVICE, region: &runtime.region };
        let signature = headers_signed_by(self.credentials.as_ref(), unsigned, scope, &*self.clock)
            .await
            .map_err(|error| InvokeError::Credentials(error.to_string()))?;
        let request = with_headers(self.http.post(url), headers);
        Ok(signature.into_iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

#[async_trait]
impl Agents for AgentClient {
    async fn invoke(&self, invocation: &Invocation) -> Result<Box<dyn Reply>, InvokeError> {
        let headers = [
            (ACCEPT.as_str(), "text/event-stream, application/json"),
            (CONTENT_TYPE.as_str(), "application/json"),
            (SESSION_HEADER, invocation.runtime_session.as_str()),
        ];
        let request = match self.agent(&invocation.agent)? {
            Agent::Container { invocations, http } => with_headers(http.post(invocations.clone()), &headers),
            Agent::Runtime(runtime) => self.signed(runtime, "invocations", &headers, &invocation.body).await?,
        };
        let trace = [
            ("traceparent", invocation.trace.traceparent.as_deref()),
            ("x-amzn-trace-id", invocation.trace.xray.as_deref()),
        ];
        let request = trace
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .fold(request, |request, (name, value)| request.header(name, value));
        let response =
            request.body(invocation.body.clone().into_bytes()).send().await.map_err(|error| transport_error(&error))?;
        match response.status() {
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => Ok(Box::new(NoContent)),
            status if status.is_success() => Ok(Box::new(HttpReply::of(response))),
            _ => Err(status_error(response).await),
        }
    }

    async fn stop_session(&self, agent: &AgentName, runtime_session: &str) -> Result<(), InvokeError> {
        let Agent::Runtime(runtime) = self.agent(agent)? else { return Ok(()) };
        let headers = [(CONTENT_TYPE.as_str(), "application/json"), (SESSION_HEADER, runtime_session)];
        let request = self.signed(runtime, "stopruntimesession", &headers, "{}").await?;
        let response = request.body("{}").send().await.map_err(|error| transport_error(&error))?;
        match response.status().as_u16() {
            // 404: there is nothing to stop.
            200..=299 | 404 => Ok(()),
            _ => Err(status_error(response).await),
        }
    }
}

/// A reply that comes over HTTP.
struct HttpReply {
    body: Body,
    reader: EventReader,
    bytes_without_event: usize,
}

impl HttpReply {
    fn of(response: Response) -> Self {
        let reader = EventReader::new(header(&response, CONTENT_TYPE.as_str()).as_deref(), MAX_EVENT_BYTES);
        Self { body: Body::of(response), reader, bytes_without_event: 0 }
    }
}

#[async_trait]
impl Reply for HttpReply {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        let Some(piece) = self.body.next().await? else { return self.reader.finish().map(Progress::End) };
        let events = self.reader.feed(&piece)?;
        self.bytes_without_event = if events.is_empty() { self.bytes_without_event + piece.len() } else { 0 };
        if self.body.is_encoded() && self.bytes_without_event > MAX_BYTES_WITHOUT_EVENT {
            return Err(ReplyError::TooLarge);
        }
        Ok(Progress::Events(events))
    }

    fn is_stream(&self) -> bool {
        self.reader.is_stream()
    }
}

/// The reply of a status that has none.
struct NoContent;

#[async_trait]
impl Reply for NoContent {
    async fn next(&mut self) -> Result<Progress, ReplyError> {
        Ok(Progress::End(Vec::new()))
    }

    fn is_stream(&self) -> bool {
        false
    }
}

fn invocations_of(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/invocations", base.path().trim_end_matches('/')));
    url
}

fn with_headers(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

fn header(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

async fn status_error(response: Response) -> InvokeError {
    let status = response.status().as_u16();
    let error_type = header(&response, ERROR_TYPE_HEADER);
    let (mut body, mut error) = (Body::of(response), Vec::new());
    let read = async {
        while let Ok(Some(piece)) = body.next().await {
            error.extend_from_slice(&piece);
            if error.len() > MAX_ERROR_BYTES {
                break;
            }
        }
    };
    // The status says enough if the body does not come.
    let _ = tokio::time::timeout(ERROR_BODY_TIMEOUT, read).await;
    error_of(status, error_type.as_deref(), &error)
}

pub(crate) fn is_loopback(container: &Url) -> bool {
    matches!(container.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn transport_error(error: &reqwest::Error) -> InvokeError {
    if !error.is_connect() {
        return InvokeError::NoAnswer(root_cause(error));
    }
    match io_error(error).map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => InvokeError::Refused,
        _ => InvokeError::Unreachable(root_cause(error)),
    }
}

fn io_error(error: &reqwest::Error) -> Option<&std::io::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

/// The innermost error's text: the outer ones repeat the URL and say nothing more.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
