//! Who may connect: tokens of an independent library, an issuer on a real socket, and the function itself.

mod config;
mod discovery;
#[cfg(feature = "authorizer")]
pub(crate) mod function;
mod issuers;
mod keys;
mod places;
mod properties;
mod providers;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentcore_gateway::authorizer::{Authorizer, AuthorizerConfig, Refusal};
use agentcore_gateway::clock::{Clock, Timestamp, millis};
use agentcore_gateway::environment::Environment;
use serde_json::{Value, json};

use crate::support::tokens::{MADE, token};

/// Time that stands still until a test moves it on.
struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An authorizer, and its clock, which says what the tokens were made for.
struct Gate {
    authorizer: Authorizer,
    clock: Arc<Hands>,
}

impl Gate {
    /// One that gets its keys at `jwks_url`.
    fn with_keys_at(jwks_url: &str) -> Self {
        Self::new(&[("JWT_JWKS_URL", jwks_url)])
    }

    /// One with `variables` besides issuer and audiences, or instead of them.
    fn new(variables: &[(&str, &str)]) -> Self {
        let mut all = BTreeMap::from([("JWT_ISSUER", &*MADE.issuer), ("JWT_AUDIENCES", &*MADE.audience)]);
        all.extend(variables.iter().copied());
        let config = AuthorizerConfig::from_environment(&Environment::of(all)).unwrap();
        let clock = Arc::new(Hands(AtomicU64::new(MADE.now * 1000)));
        let authorizer = Authorizer::new(config, Arc::<Hands>::clone(&clock)).unwrap();
        Self { authorizer, clock }
    }

    fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(millis(time), Ordering::SeqCst);
    }

    /// Whose the token of this name is.
    async fn verify(&self, name: &str) -> Result<String, Refusal> {
        self.authorizer.verify(token(name)).await.map(String::from)
    }

    /// The answer to an event, as API Gateway reads it.
    async fn handle(&self, event: Value) -> Value {
        let event = serde_json::from_value(event).unwrap();
        serde_json::to_value(self.authorizer.handle(&event).await.unwrap()).unwrap()
    }
}

/// AWS's own example of an event, with further `headers` and query `parameters`.
fn event(headers: &[(&str, &str)], parameters: &[(&str, &str)]) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../../fixtures/authorizer_event.json")).unwrap();
    let mut add = |single: &str, multiple: &str, pairs: &[(&str, &str)]| {
        for (name, value) in pairs {
            event[single][name] = json!(value);
            if event[multiple][name].is_null() {
                event[multiple][name] = json!([]);
            }
            event[multiple][name].as_array_mut().unwrap().push(json!(value));
        }
    };
    add("headers", "multiValueHeaders", headers);
    add("queryStringParameters", "multiValueQueryStringParameters", parameters);
    event
}

const METHOD: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/default/$connect";

/// The answer that lets `principal` in, or nobody.
fn answer(principal: Option<&str>) -> Value {
    json!({
        "principalId": principal.unwrap_or("nobody"),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": ["execute-api:Invoke"],
                "Effect": if principal.is_some() { "Allow" } else { "Deny" },
                "Resource": [METHOD],
            }],
        },
    })
}
