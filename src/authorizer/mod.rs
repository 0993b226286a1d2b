//! The authorizer of `$connect`: lets in who holds a token of the configured issuer, and says who that is.
//!
//! The algorithm and the key of a signature are the issuer's choice, never the token's ([RFC 8725], 3.1): RSA keys verify
//! `RS256` to `PS512`, keys on P-256 `ES256`, on P-384 `ES384`, Ed25519 keys `EdDSA`, and a key that names its algorithm
//! that one only. A token that is not good, for whatever reason, is answered with a policy that denies, and the reason stands
//! in the log only; the token stands nowhere.
//!
//! [RFC 8725]: https://www.rfc-editor.org/rfc/rfc8725

mod claims;
mod config;
mod fetch;
mod issuer;
mod keys;
mod keyset;
mod policy;
mod refusal;
mod token;

use std::collections::HashSet;
use std::sync::Arc;

use aws_lambda_events::event::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use tracing::info;

pub use config::{AuthorizerConfig, DocumentUrl, InvalidDocumentUrl, InvalidSettings, KeysAt};
pub use issuer::Difference;
pub use policy::{NoMethod, Verdict};
pub use refusal::Refusal;

use crate::clock::Clock;
use crate::metrics;
use crate::protocol::ids::Principal;
use claims::Claims;
use keys::Keys;
use token::{MAX_TOKEN_BYTES, token_of};

/// Decides who may connect.
pub struct Authorizer {
    config: AuthorizerConfig,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Authorizer {
    /// An authorizer that has no keys yet: it gets them for the first token.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub fn new(config: AuthorizerConfig, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let keys = Keys::new(config.issuer.clone(), config.keys_at.clone(), Arc::clone(&clock))?;
        Ok(Self { config, keys, clock })
    }

    /// Answers API Gateway's question.
    ///
    /// A refusal is a policy, which the client sees as 403, and not the error `Unauthorized`, which it would see as
    /// 401: an error of the function counts as one in its metrics, and nobody outside shall be able to raise its alarm.
    /// A browser shows its page neither of the two.
    ///
    /// # Errors
    /// [`NoMethod`] for an event that does not say what is to be allowed; API Gateway sends none such.
    pub async fn handle(&self, event: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Result<Verdict, NoMethod> {
        let method = event.method_arn.as_deref().filter(|arn| !arn.is_empty()).ok_or(NoMethod)?;
        Ok(Verdict::new(method, self.admit(event).await.ok()))
    }

    /// Whose the connection is that `event` asks for. A refusal is logged.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub async fn admit(&self, event: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Result<Principal, Refusal> {
        let decision = match token_of(event, self.config.token_in_query) {
            Ok(token) => self.verify(token).await,
            Err(refusal) => Err(refusal),
        };
        metrics::AUTHORIZATIONS.count(&[if decision.is_ok() { "allowed" } else { "refused" }]);
        if let Err(refusal) = &decision {
            info!(reason = %refusal, "refused a connection");
        }
        decision
    }

    /// Whose `token` it is, now.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub async fn verify(&self, token: &str) -> Result<Principal, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        // RFC 7515, 4.1.11: extensions that must be understood. None is.
        if header.crit.is_some() {
            return Err(Refusal::CriticalExtension);
        }
        let key = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let data = decode::<Claims>(token, &key.decoding, &signature_only(&key.algorithms)).map_err(refusal::of)?;
        data.claims.check(&self.config, self.clock.now())
    }
}

/// The claims are checked here, by this gateway's clock.
fn signature_only(algorithms: &[Algorithm]) -> Validation {
    Validation {
        algorithms: algorithms.to_vec(),
        required_spec_claims: HashSet::new(),
        validate_exp: false,
        validate_nbf: false,
        validate_aud: false,
        ..Validation::default()
    }
}
