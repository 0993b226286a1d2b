//! Trace context, carried from the client's message through the queue to the agent.

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// The trace that a prompt belongs to, in the two forms that AgentCore Runtime passes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceContext {
    /// W3C Trace Context, `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// AWS X-Ray, `X-Amzn-Trace-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xray: Option<String>,
}

impl TraceContext {
    /// A new trace, for a process that no tracing system has called.
    #[must_use]
    pub fn new_root(random: &Random) -> Self {
        let (trace, span) = (random.bits(), random.bits() >> 64);
        Self { traceparent: Some(format!("00-{trace:032x}-{span:016x}-01")), xray: None }
    }

    /// X-Ray's header, if X-Ray has decided about the trace, for or against: whoever goes on with it decides alike. Without
    /// a decision X-Ray is off, and there is no trace to join.
    #[must_use]
    pub fn xray_with_decision(&self) -> Option<&str> {
        let decides = |part: &str| matches!(part.trim(), "Sampled=0" | "Sampled=1");
        self.xray.as_deref().filter(|header| header.split(';').any(decides))
    }

    /// The trace of an invocation that AWS Lambda traces with X-Ray.
    #[must_use]
    pub fn from_xray(header: &str) -> Self {
        Self { traceparent: None, xray: Some(header.to_owned()) }
    }
}
