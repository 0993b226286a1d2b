//! Tokens in the shapes of identity providers, with the settings that `docs/identity.md` names for each.

use agentcore_gateway::authorizer::Refusal;

use super::Gate;
use crate::support::agent::{FakeAgent, Script};
use crate::support::tokens::{MADE, Provider};

/// What becomes of the token of `provider` with these audiences and clients, and all else as it should be.
async fn verdict(provider: &Provider, audiences: &[String], clients: &[String]) -> Result<String, Refusal> {
    let keys = provider.keys.to_string();
    let server = FakeAgent::start(move |_| Script::json(keys.clone())).await;
    let (audiences, clients) = (audiences.join(","), clients.join(","));
    let gate = Gate::new(&[
        ("JWT_ISSUER", &provider.issuer),
        ("JWT_AUDIENCES", &audiences),
        ("JWT_CLIENTS", &clients),
        ("JWT_JWKS_URL", &server.url()),
    ]);
    gate.authorizer.verify(&provider.token).await.map(String::from)
}

fn other() -> Vec<String> {
    vec!["other".to_owned()]
}

#[tokio::test]
async fn the_token_of_each_provider_is_good_with_its_settings() {
    for (name, provider) in &MADE.providers {
        let decided = verdict(provider, &provider.audiences, &provider.clients).await;
        assert_eq!(decided.as_ref(), Ok(&provider.subject), "{name}");
    }
}

#[tokio::test]
async fn no_provider_s_token_is_good_for_anybody_else() {
    for (name, provider) in &MADE.providers {
        let wrong = if provider.audiences.is_empty() { Refusal::WrongClient } else { Refusal::WrongAudience };
        assert_eq!(verdict(provider, &other(), &other()).await, Err(wrong), "{name}");
        // Audiences and clients are not the same thing.
        assert_eq!(verdict(provider, &provider.clients, &other()).await, Err(wrong), "{name}");
        assert_eq!(verdict(provider, &other(), &provider.audiences).await, Err(wrong), "{name}");
    }
}

#[tokio::test]
async fn a_token_for_everybody_of_a_realm_is_not_made_good_by_its_client() {
    let keycloak = &MADE.providers["Keycloak, without a mapper"];
    assert_eq!(verdict(keycloak, &[], &["my-app".to_owned()]).await, Err(Refusal::WrongAudience));
}

#[tokio::test]
async fn web_and_mobile_clients_of_one_pool_may_send_either_token() {
    for name in ["Amazon Cognito, ID token", "Amazon Cognito, access token"] {
        let cognito = &MADE.providers[name];
        let clients = [&cognito.audiences[..], &cognito.clients[..], &other()].concat();
        assert_eq!(verdict(cognito, &clients, &clients).await.as_ref(), Ok(&cognito.subject), "{name}");
    }
}
