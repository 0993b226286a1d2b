//! Where an agent is: an AgentCore runtime, or a container that speaks the same contract.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::arn::{Arn, DnsSuffix};

/// AgentCore's name in ARNs, host names and signatures.
pub(super) const SERVICE: &str = "bedrock-agentcore";

/// The endpoint that every runtime has (`CreateAgentRuntime`).
const DEFAULT_QUALIFIER: &str = "DEFAULT";

/// What a path segment may hold unencoded (RFC 3986, "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where an agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A container that serves `POST /invocations` and `GET /ping`, called unsigned.
    Container(Url),
    /// An AgentCore runtime, called with a signature.
    Runtime(Runtime),
}

/// An AgentCore runtime and one of its endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// `arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/NAME-ID`.
    pub arn: String,
    /// The region in it.
    pub region: String,
    /// The name of the endpoint.
    pub qualifier: String,
    /// The service's address without a path, such as `https://bedrock-agentcore.us-west-2.amazonaws.com`.
    pub service: Url,
}

/// A text that is no agent's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It is neither a URL nor an ARN.
    #[error("{0:?} is neither an http(s):// URL nor the ARN of an AgentCore runtime")]
    Neither(String),
    /// The URL has something that an agent's address cannot have.
    #[error("the URL {0:?} must be a base address such as http://127.0.0.1:8080, without query, fragment or user name")]
    Url(String),
    /// The ARN is in a partition whose host names are not known.
    #[error("the ARN {0:?} is in a partition that this release does not know the host names of")]
    Partition(String),
    /// The ARN is not that of a runtime.
    #[error(
        "the ARN {0:?} must have the form arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/NAME-ID, \
         optionally followed by /runtime-endpoint/ENDPOINT"
    )]
    Arn(String),
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if text.starts_with("arn:") {
            return Runtime::from_arn(text, None).map(Self::Runtime);
        }
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::Neither(text.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidEndpoint::Neither(text.to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidEndpoint::Url(text.to_owned()));
        }
        Ok(Self::Container(url))
    }
}

impl Runtime {
    /// The runtime with this ARN, behind which `/runtime-endpoint/NAME` may stand. `dns_suffix` is what the host names of
    /// its partition end in; without, its partition has to be a known one.
    ///
    /// # Errors
    /// [`InvalidEndpoint`]
    pub fn from_arn(text: &str, dns_suffix: Option<&DnsSuffix>) -> Result<Self, InvalidEndpoint> {
        let wrong = || InvalidEndpoint::Arn(text.to_owned());
        let (arn, qualifier) = text.split_once("/runtime-endpoint/").unwrap_or((text, DEFAULT_QUALIFIER));
        let runtime = Arn::of(SERVICE, arn).ok_or_else(wrong)?;
        if !runtime.resource.strip_prefix("runtime/").is_some_and(is_runtime_id) {
            return Err(wrong());
        }
        let is_endpoint = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if qualifier.is_empty() || !qualifier.bytes().all(is_endpoint) {
            return Err(wrong());
        }
        let service = runtime.service_url(dns_suffix).ok_or_else(|| InvalidEndpoint::Partition(text.to_owned()))?;
        Ok(Self { arn: arn.to_owned(), region: runtime.region.to_owned(), qualifier: qualifier.to_owned(), service })
    }

    /// The URL of an operation, with the ARN percent-encoded as one segment.
    #[must_use]
    pub fn url(&self, operation: &str) -> String {
        let service = self.service.as_str().trim_end_matches('/');
        let arn = utf8_percent_encode(&self.arn, SEGMENT);
        format!("{service}/runtimes/{arn}/{operation}?qualifier={}", self.qualifier)
    }
}

/// `[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}`, from the service's model.
fn is_runtime_id(text: &str) -> bool {
    let Some((name, id)) = text.split_once('-') else { return false };
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 48
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && id.len() == 10
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(url) => write!(formatter, "{url}"),
            Self::Runtime(runtime) => write!(formatter, "{} ({})", runtime.arn, runtime.qualifier),
        }
    }
}
