//! An issuer that is not the configured one, and what the log says of the mistakes that are common.

use agentcore_gateway::authorizer::{Difference, Refusal};

use super::Gate;
use crate::support::agent::{FakeAgent, Script};
use crate::support::log::Log;
use crate::support::tokens::{MADE, Provider};

const TENANT: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

/// Asserts that the token of `provider` is refused where `issuer` is configured, as `difference`, and that the log says `why`.
async fn refused(provider: &str, issuer: &str, difference: Difference, why: &str) {
    let Provider { audiences, clients, keys, token, .. } = &MADE.providers[provider];
    let (keys, log) = (keys.to_string(), Log::capture());
    let server = FakeAgent::start(move |_| Script::json(keys.clone())).await;
    let (audiences, clients) = (audiences.join(","), clients.join(","));
    let gate = Gate::new(&[
        ("JWT_ISSUER", issuer),
        ("JWT_AUDIENCES", &audiences),
        ("JWT_CLIENTS", &clients),
        ("JWT_JWKS_URL", &server.url()),
    ]);
    let event = super::event(&[("Authorization", &format!("Bearer {token}"))], &[]);
    assert_eq!(gate.handle(event).await, super::answer(None), "{issuer}");
    assert_eq!(gate.authorizer.verify(token).await, Err(Refusal::WrongIssuer(difference)), "{issuer}");
    assert!(log.text().contains(why), "{why}: {}", log.text());
}

#[tokio::test]
async fn a_last_slash_that_is_missing_or_too_many_is_said() {
    let lacking = "issuer differs from the configured one by its last slash only, which the configured one lacks";
    refused("Auth0", "https://example.eu.auth0.com", Difference::SlashLacking, lacking).await;
    let too_many = "issuer differs from the configured one by its last slash only, which it lacks itself";
    refused("Google", "https://accounts.google.com/", Difference::SlashTooMany, too_many).await;
}

#[tokio::test]
async fn the_other_issuer_of_an_entra_tenant_is_said() {
    let (v1, v2) = ("Microsoft Entra ID, v1.0", "Microsoft Entra ID, v2.0");
    let why = "issuer is the other one of this Microsoft Entra ID tenant: v1.0 tokens have https://sts.windows.net/";
    for (provider, configured) in [
        (v1, format!("https://login.microsoftonline.com/{TENANT}/v2.0")),
        (v1, format!("https://login.microsoftonline.com/{TENANT}/v2.0/")),
        (v1, format!("https://login.microsoftonline.us/{TENANT}/v2.0")),
        (v1, format!("https://login.microsoftonline.com/{TENANT}")),
        (v2, format!("https://sts.windows.net/{TENANT}/")),
        (v2, format!("https://sts.windows.net/{TENANT}")),
    ] {
        refused(provider, &configured, Difference::EntraVersion, why).await;
    }
}

#[tokio::test]
async fn any_other_issuer_is_just_another() {
    let why = "issuer is another than the configured one";
    for (provider, configured) in [
        ("Auth0", "https://example.us.auth0.com/"),
        ("Auth0", "HTTPS://example.eu.auth0.com/"),
        ("Google", "https://accounts.google.com.evil.example"),
        ("Microsoft Entra ID, v1.0", "https://login.microsoftonline.com/common/v2.0"),
        ("Microsoft Entra ID, v1.0", "https://login.microsoftonline.com//v2.0"),
        ("Microsoft Entra ID, v1.0", "https://login.microsoftonline.com.evil.example/72f988bf/v2.0"),
        ("Keycloak, audience mapper", "https://keycloak.example.com/realms/other"),
    ] {
        refused(provider, configured, Difference::Another, why).await;
    }
}
