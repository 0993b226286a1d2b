//! What a token says, and whether that is good here and now.

use std::time::Duration;

use serde::Deserialize;

use super::{AuthorizerConfig, Refusal};
use crate::clock::Timestamp;
use crate::protocol::ids::Principal;

/// How far the issuer's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The claims of RFC 7519, 4.1, that count. `exp` and `nbf` are seconds since 1970, and may have a fraction.
///
/// Without `exp`, `iss`, `aud` or `sub`, or with one of them twice, it does not deserialize.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
}

/// One audience, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Whom these claims make the bearer.
    pub(super) fn check(self, config: &AuthorizerConfig, now: Timestamp) -> Result<Principal, Refusal> {
        if self.iss != config.issuer {
            return Err(Refusal::WrongIssuer);
        }
        if !self.aud.names(&config.audience) {
            return Err(Refusal::WrongAudience);
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
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(name) => name == audience,
            Self::Several(names) => names.iter().any(|name| name == audience),
        }
    }
}
