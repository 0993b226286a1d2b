//! The options that say who may connect.

use std::str::FromStr;

use clap::Args;
use clap::builder::ValueParser;

use super::options::values::parse_switch;

#[cfg(feature = "jwt")]
use crate::authorizer::{AuthorizerConfig, InvalidSettings};

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Everybody.
    None,
    /// Who has a token of the issuer.
    Jwt,
}

/// What every [`Auth`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be none or jwt; signed handshakes (iam) are checked by AWS only")]
pub struct InvalidChoice;

impl FromStr for Auth {
    type Err = InvalidChoice;

    fn from_str(text: &str) -> Result<Self, InvalidChoice> {
        match text {
            "none" => Ok(Self::None),
            "jwt" => Ok(Self::Jwt),
            _ => Err(InvalidChoice),
        }
    }
}

/// The options that say who may connect; as on AWS, but for signed handshakes, which only AWS can check.
#[derive(Debug, Clone, Args)]
pub struct AuthOptions {
    /// Who may connect: none (everybody), or jwt (who has a token of the issuer), which needs the feature "jwt":
    /// cargo run --features jwt -- --auth jwt …
    #[arg(long, env = "GATEWAY_AUTH", value_name = "CHOICE", default_value = "none")]
    pub auth: Auth,

    /// With --auth jwt: the issuer of the tokens, to the character as their `iss` has it
    #[arg(long = "jwt-issuer", env = "GATEWAY_JWT_ISSUER", value_name = "URL", value_parser = filled())]
    pub issuer: Option<String>,

    /// With --auth jwt: an audience (`aud`) that tokens may be for. Give it again for more
    #[arg(long = "jwt-audience", env = "GATEWAY_JWT_AUDIENCE", value_name = "NAME", value_delimiter = ',', value_parser = filled())]
    pub audiences: Vec<String>,

    /// With --auth jwt: a client (`client_id`, else `azp`) whose tokens need no audience. Give it again for more
    #[arg(long = "jwt-client", env = "GATEWAY_JWT_CLIENT", value_name = "NAME", value_delimiter = ',', value_parser = filled())]
    pub clients: Vec<String>,

    /// With --auth jwt: where the issuer's keys are [default: found by OpenID Connect Discovery]
    #[arg(long = "jwt-jwks-url", env = "GATEWAY_JWT_JWKS_URL", value_name = "URL", value_parser = filled())]
    pub jwks_url: Option<String>,

    /// With --auth jwt: let a token also come as ?token=
    #[arg(long = "jwt-token-in-query", env = "GATEWAY_JWT_TOKEN_IN_QUERY", value_parser = parse_switch)]
    pub token_in_query: bool,
}

/// Options of who may connect that cannot be used together, or not in this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuth {
    /// Options about tokens, and everybody would be let in.
    #[error("{0} means something with --auth jwt only, and without that everybody may connect; add --auth jwt")]
    WithoutJwt(&'static str),
    /// Tokens that this build cannot check.
    #[error("--auth jwt needs the feature \"jwt\", which is not built in; start with: cargo run --features jwt -- …")]
    NotBuiltIn,
    /// No issuer.
    #[error("--auth jwt needs --jwt-issuer URL: whose tokens are good")]
    NoIssuer,
    /// No audience and no client.
    #[error("--auth jwt needs --jwt-audience NAME or --jwt-client NAME: for whom tokens have to be")]
    ForNobody,
    /// An issuer that is not where its keys could be found.
    #[error("--jwt-issuer \"{0}\" must {1}; or --jwt-jwks-url has to say where its keys are")]
    Issuer(String, String),
    /// A wrong place of keys.
    #[error("--jwt-jwks-url \"{0}\" must {1}")]
    JwksUrl(String, String),
}

impl AuthOptions {
    /// Whether these options can be used together, and in this build.
    ///
    /// # Errors
    /// [`InvalidAuth`]
    pub fn check(&self) -> Result<(), InvalidAuth> {
        match self.auth {
            Auth::None => self.first_about_tokens().map_or(Ok(()), |option| Err(InvalidAuth::WithoutJwt(option))),
            Auth::Jwt if cfg!(not(feature = "jwt")) => Err(InvalidAuth::NotBuiltIn),
            Auth::Jwt if self.issuer.is_none() => Err(InvalidAuth::NoIssuer),
            Auth::Jwt => Ok(()),
        }
    }

    /// Whose tokens are good, and for whom; `None`: everybody may connect.
    ///
    /// # Errors
    /// [`InvalidAuth`]
    #[cfg(feature = "jwt")]
    pub fn authorizer(&self) -> Result<Option<AuthorizerConfig>, InvalidAuth> {
        self.check()?;
        if self.auth == Auth::None {
            return Ok(None);
        }
        let issuer = self.issuer.as_deref().ok_or(InvalidAuth::NoIssuer)?;
        let (audiences, clients) = (self.audiences.iter().cloned(), self.clients.iter().cloned());
        let jwks_url = self.jwks_url.as_deref();
        let config = AuthorizerConfig::new(issuer, audiences.collect(), clients.collect(), jwks_url);
        let config = config.map_err(|invalid| match invalid {
            InvalidSettings::ForNobody => InvalidAuth::ForNobody,
            InvalidSettings::Issuer(rule) => InvalidAuth::Issuer(issuer.to_owned(), rule.to_string()),
            InvalidSettings::KeysAt(rule) => {
                InvalidAuth::JwksUrl(jwks_url.unwrap_or_default().to_owned(), rule.to_string())
            }
        })?;
        Ok(Some(AuthorizerConfig { token_in_query: self.token_in_query, ..config }))
    }

    fn first_about_tokens(&self) -> Option<&'static str> {
        let given = [
            ("--jwt-issuer", self.issuer.is_some()),
            ("--jwt-audience", !self.audiences.is_empty()),
            ("--jwt-client", !self.clients.is_empty()),
            ("--jwt-jwks-url", self.jwks_url.is_some()),
            ("--jwt-token-in-query", self.token_in_query),
        ];
        given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
    }
}

/// A value that is more than white space, which around it is not part of it.
fn filled() -> ValueParser {
    ValueParser::new(|text: &str| match text.trim() {
        "" => Err("must not be empty".to_owned()),
        text => Ok(text.to_owned()),
    })
}
