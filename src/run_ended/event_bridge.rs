//! An event on an EventBridge bus: `PutEvents` (Amazon EventBridge API Reference).

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tracing::warn;

use super::{RunEnded, RunEvents};
use crate::agent::client::root_cause;
use crate::agent::sign::{Scope, SignError, Unsigned, headers_signed_by};
use crate::agent::status::code_of;
use crate::arn::{Arn, DnsSuffix};
use crate::backoff::retry;
use crate::clock::Clock;

/// EventBridge's name in ARNs, host names and signatures.
const SERVICE: &str = "events";

/// The event's `source`.
pub const SOURCE: &str = "agentcore-gateway";

/// The event's `detail-type`.
pub const DETAIL_TYPE: &str = "Run ended";

/// How long an event is tried in all: so long a session may wait for it.
pub const LIMIT: Duration = Duration::from_secs(2);

/// A connection that does not come about leaves time for another.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A function is frozen between its calls, and a connection that stood idle meanwhile may be dead without a word.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// An event bus, and where its service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBus {
    /// `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`.
    pub arn: String,
    /// The region in it.
    pub region: String,
    /// The service's address, such as `https://events.us-west-2.amazonaws.com/`.
    pub service: Url,
}

/// What is the ARN of no event bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("be the ARN of an event bus, arn:aws:events:REGION:ACCOUNT:event-bus/NAME")]
pub struct InvalidEventBus;

impl FromStr for EventBus {
    type Err = InvalidEventBus;

    fn from_str(text: &str) -> Result<Self, InvalidEventBus> {
        Self::from_arn(text, None)
    }
}

impl EventBus {
    /// The bus with this ARN. `dns_suffix` is what the host names of its partition end in; without, its partition has to be
    /// a known one.
    ///
    /// # Errors
    /// [`InvalidEventBus`]
    pub fn from_arn(text: &str, dns_suffix: Option<&DnsSuffix>) -> Result<Self, InvalidEventBus> {
        let bus = Arn::of(SERVICE, text).ok_or(InvalidEventBus)?;
        if !bus.resource.strip_prefix("event-bus/").is_some_and(is_name) {
            return Err(InvalidEventBus);
        }
        let service = bus.service_url(dns_suffix).ok_or(InvalidEventBus)?;
        Ok(Self { arn: text.to_owned(), region: bus.region.to_owned(), service })
    }
}

/// `[\.\-_A-Za-z0-9]+`, at most 256, of a bus that is no partner's (the service's model).
fn is_name(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Puts an event on a bus for each run that ends.
pub struct EventBridge {
    bus: EventBus,
    http: Client,
    credentials: Option<SharedCredentialsProvider>,
    clock: Arc<dyn Clock>,
}

impl EventBridge {
    /// Events on `bus`, signed with `credentials`.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn new(
        bus: EventBus,
        credentials: Option<SharedCredentialsProvider>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // A signed request is for the host that it was signed for.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { bus, http, credentials, clock })
    }

    async fn put(&self, body: &str) -> Result<(), PutError> {
        let headers = [(CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")];
        let url = self.bus.service.as_str();
        let unsigned = Unsigned { method: "POST", url, headers: &headers, body: body.as_bytes() };
        let scope = Scope { service: SERVICE, region: &self.bus.region };
        let signature = headers_signed_by(self.credentials.as_ref(), unsigned, scope, &*self.clock).await?;
        let request =
            headers.into_iter().fold(self.http.post(url), |request, (name, value)| request.header(name, value));
        let request = signature.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.body(body.to_owned()).send().await.map_err(|error| no_answer(&error))?;
        taken(response).await
    }

    fn body(&self, run: &RunEnded) -> String {
        let event = json!({
            // Whole seconds are as exact as an event's time is.
            "Time": self.clock.now().0 / 1000,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": run.to_text(),
            "EventBusName": self.bus.arn,
        });
        json!({"Entries": [event]}).to_string()
    }
}

#[async_trait]
impl RunEvents for EventBridge {
    async fn ended(&self, run: &RunEnded) {
        let body = self.body(run);
        let put = retry(LIMIT, PutError::may_pass, || self.put(&body));
        let error = match timeout(LIMIT, put).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => PutError::TooSlow,
        };
        warn!(request = %run.request_id, %error, "the event bus was not told that a run has ended");
    }
}

/// Why an event is not on the bus. An error's own words stay out: they may repeat what the event says.
#[derive(Debug, thiserror::Error)]
enum PutError {
    #[error(transparent)]
    NotSigned(#[from] SignError),
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("no answer within {} s", LIMIT.as_secs())]
    TooSlow,
    #[error("refused with status {status}: {code}")]
    Refused { status: u16, code: String },
    #[error("not taken: {0}")]
    NotTaken(String),
    #[error("the answer is none of EventBridge")]
    Unreadable,
}

impl PutError {
    /// Whether another attempt may succeed. An event that was taken unheard is then doubled, which receivers allow for.
    fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Refused { status, code } => *status >= 500 || *status == 429 || is_throttled(code),
            Self::NotTaken(code) => code.starts_with("Internal") || is_throttled(code),
            Self::NotSigned(_) | Self::TooSlow | Self::Unreadable => false,
        }
    }
}

fn is_throttled(code: &str) -> bool {
    code.starts_with("Throttling")
}

fn no_answer(error: &reqwest::Error) -> PutError {
    PutError::NoAnswer(root_cause(error))
}

/// What is read of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    failed_entry_count: u32,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    error_code: Option<String>,
}

/// Whether the bus has the event: with status 200 it need not.
async fn taken(response: Response) -> Result<(), PutError> {
    let status = response.status();
    let error_type =
        response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok().map(str::to_owned));
    let body = response.bytes().await.map_err(|error| no_answer(&error))?;
    if !status.is_success() {
        let code = code_of(error_type.as_deref(), &body);
        return Err(PutError::Refused { status: status.as_u16(), code });
    }
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| PutError::Unreadable)?;
    if answer.failed_entry_count == 0 {
        return Ok(());
    }
    let code = answer.entries.into_iter().find_map(|entry| entry.error_code);
    Err(PutError::NotTaken(code.unwrap_or_default()))
}
