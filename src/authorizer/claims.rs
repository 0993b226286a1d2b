//! What a token says, and whether that is good here and now.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::issuer::difference;
use super::{AuthorizerConfig, Refusal};
use crate::clock::Timestamp;
use crate::protocol::ids::Principal;

/// How far the issuer's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// What `token_use` says of an access token (Amazon Cognito).
const ACCESS: &str = "access";

/// The claims that count. `exp` and `nbf` are seconds since 1970, and may have a fraction.
///
/// Without `exp`, `iss` or `sub`, or with one of all these twice, it does not deserialize. What does not count for a token
/// may be anything.
#[derive(Deserialize)]
pub(super) struct Claims {
    // RFC 7519, 4.1
    iss: String,
    #[serde(default, deserialize_with = "present")]
    aud: Option<Audience>,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    // RFC 8693, 4.3
    #[serde(default, deserialize_with = "present")]
    client_id: Option<Value>,
    // OpenID Connect Core 1.0, 2
    #[serde(default, deserialize_with = "present")]
    azp: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    token_use: Option<Value>,
}

/// One audience, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// A member that is null is there: a token with `"aud": null` is not one without `aud`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Claims {
    /// Whom these claims make the bearer.
    pub(super) fn check(self, config: &AuthorizerConfig, now: Timestamp) -> Result<Principal, Refusal> {
        if let Some(difference) = difference(&config.issuer, &self.iss) {
            return Err(Refusal::WrongIssuer(difference));
        }
        match &self.aud {
            Some(audience) if !audience.is_one_of(&config.audiences) => return Err(Refusal::WrongAudience),
            Some(_) => {}
            None => self.check_client(&config.clients)?,
        }
        let now = Duration::from_millis(now.0).as_secs_f64();
        if now >= self.exp + LEEWAY.as_secs_f64() {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|not_before| now < not_before - LEEWAY.as_secs_f64()) {
            return Err(Refusal::NotYetValid);
        }
        let principal = Principal::parse(self.sub).map_err(|_| Refusal::WrongSubject)?;
        // The sessions of everybody, from before there was an authorizer, are nobody's now.
        if principal.is_anonymous() { Err(Refusal::WrongSubject) } else { Ok(principal) }
    }

    /// A token without audience is for whoever its client is for: so the client that got it has to be one of `clients`.
    fn check_client(&self, clients: &BTreeSet<String>) -> Result<(), Refusal> {
        if self.token_use.as_ref().is_some_and(|token_use| token_use != ACCESS) {
            return Err(Refusal::NoAccessToken);
        }
        let client = self.client_id.as_ref().or(self.azp.as_ref()).and_then(Value::as_str);
        if client.is_some_and(|client| clients.contains(client)) { Ok(()) } else { Err(Refusal::WrongClient) }
    }
}

impl Audience {
    fn is_one_of(&self, audiences: &BTreeSet<String>) -> bool {
        match self {
            Self::One(name) => audiences.contains(name),
            Self::Several(names) => names.iter().any(|name| audiences.contains(name)),
        }
    }
}
