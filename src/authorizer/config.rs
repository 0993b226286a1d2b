//! The settings of the authorizer.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::environment::{Environment, InvalidVariable};

/// Whose tokens are good, for whom, and where they may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizerConfig {
    /// The `iss` of every token, character by character.
    pub issuer: String,
    /// What `aud` must be, or hold one of.
    pub audiences: BTreeSet<String>,
    /// Whose tokens are good if they have no `aud`: their `client_id`, else their `azp`.
    pub clients: BTreeSet<String>,
    /// Where the issuer's keys are.
    pub keys_at: KeysAt,
    /// Whether a token may stand in the query, where proxies and logs see it.
    pub token_in_query: bool,
}

/// Settings that are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidSettings {
    /// No audience and no client: no token would be good.
    ForNobody,
    /// The issuer is no place where its keys could be found, and no other place is given.
    Issuer(InvalidDocumentUrl),
    /// The keys are not where they may be.
    KeysAt(InvalidDocumentUrl),
}

/// Where the keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAt {
    /// In the document at this URL.
    Url(DocumentUrl),
    /// Where the discovery document at this URL says (OpenID Connect Discovery 1.0).
    Discovery(DocumentUrl),
}

impl AuthorizerConfig {
    /// The settings for tokens of `issuer`, whose keys are at `jwks_url`, or else found by discovery. No token may stand in
    /// the query.
    ///
    /// # Errors
    /// [`InvalidSettings`]
    pub fn new(
        issuer: &str,
        audiences: BTreeSet<String>,
        clients: BTreeSet<String>,
        jwks_url: Option<&str>,
    ) -> Result<Self, InvalidSettings> {
        if audiences.is_empty() && clients.is_empty() {
            return Err(InvalidSettings::ForNobody);
        }
        let keys_at = match jwks_url {
            Some(url) => KeysAt::Url(url.parse().map_err(InvalidSettings::KeysAt)?),
            None => KeysAt::Discovery(issuer.parse::<DocumentUrl>().map_err(InvalidSettings::Issuer)?.discovery()),
        };
        Ok(Self { issuer: issuer.to_owned(), audiences, clients, keys_at, token_in_query: false })
    }

    /// The settings in `environment`: `JWT_ISSUER`, `JWT_AUDIENCES` and `JWT_CLIENTS` (separated by commas), `JWT_JWKS_URL`,
    /// `JWT_TOKEN_IN_QUERY`.
    ///
    /// # Errors
    /// The first variable that is missing or breaks its rule.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidVariable> {
        let list = |variable| environment.list(variable).map(str::to_owned).collect();
        let (audiences, clients) = (list("JWT_AUDIENCES"), list("JWT_CLIENTS"));
        let jwks_url = environment.optional("JWT_JWKS_URL");
        let config = Self::new(environment.required("JWT_ISSUER")?, audiences, clients, jwks_url);
        let config = config.map_err(|invalid| match invalid {
            InvalidSettings::ForNobody => InvalidVariable::new("JWT_AUDIENCES", "be set, or JWT_CLIENTS"),
            InvalidSettings::Issuer(rule) => InvalidVariable::new("JWT_ISSUER", rule.to_string()),
            InvalidSettings::KeysAt(rule) => InvalidVariable::new("JWT_JWKS_URL", rule.to_string()),
        })?;
        Ok(Self { token_in_query: environment.flag("JWT_TOKEN_IN_QUERY", false)?, ..config })
    }
}

/// Where a document of the issuer is. Whoever can change it on its way can be anybody, so it comes over TLS, or from
/// this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentUrl(Url);

/// What every [`DocumentUrl`] is, as the end of the sentence "it must …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("be a URL that begins with https://, without user and fragment")]
pub struct InvalidDocumentUrl;

impl DocumentUrl {
    /// The URL of the discovery document of the issuer that is at this one.
    ///
    /// OpenID Connect Discovery 1.0, 4.1: a slash at the end of the issuer is dropped. An issuer has no query.
    #[must_use]
    pub fn discovery(&self) -> Self {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/.well-known/openid-configuration", self.0.path().trim_end_matches('/')));
        url.set_query(None);
        Self(url)
    }

    /// Whether it is on this machine, where no proxy is of use.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for DocumentUrl {
    type Err = InvalidDocumentUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDocumentUrl> {
        let url = Url::parse(text).map_err(|_| InvalidDocumentUrl)?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if secure && bare { Ok(Self(url)) } else { Err(InvalidDocumentUrl) }
    }
}

impl fmt::Display for DocumentUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
