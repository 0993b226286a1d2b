//! Tokens and key sets that an independent library made, and an issuer of them on a real socket.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::agent::{FakeAgent, Script};

/// What `tests/fixtures/jwt/make_tokens.py` made.
#[derive(Deserialize)]
pub struct Made {
    pub now: u64,
    pub issuer: String,
    pub audience: String,
    pub client: String,
    pub documents: BTreeMap<String, Value>,
    pub tokens: BTreeMap<String, String>,
    pub providers: BTreeMap<String, Provider>,
}

/// A token as an identity provider makes it, and the settings that take it.
#[derive(Deserialize)]
pub struct Provider {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub clients: Vec<String>,
    pub subject: String,
    pub keys: Value,
    pub token: String,
}

pub static MADE: LazyLock<Made> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../fixtures/jwt/tokens.json")).unwrap());

/// The token of this name.
pub fn token(name: &str) -> &'static str {
    MADE.tokens.get(name).unwrap_or_else(|| panic!("no token is called {name}"))
}

/// An answer with the key set of this name.
pub fn key_set(name: &str) -> Script {
    Script::json(MADE.documents.get(name).unwrap_or_else(|| panic!("no key set is called {name}")).to_string())
}

/// An issuer that always answers with the key set of this name.
pub async fn issuer_with(name: &'static str) -> FakeAgent {
    FakeAgent::start(move |_| key_set(name)).await
}
