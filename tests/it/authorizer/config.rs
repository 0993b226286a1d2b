//! The settings, and what is said of one that breaks its rule.

use std::collections::BTreeSet;

use agentcore_gateway::authorizer::{AuthorizerConfig, DocumentUrl, KeysAt};
use agentcore_gateway::environment::Environment;

fn config(pairs: &[(&str, &str)]) -> Result<AuthorizerConfig, String> {
    AuthorizerConfig::from_environment(&Environment::of(pairs.iter().copied())).map_err(|error| error.to_string())
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn issuer_and_audience_are_enough() {
    let config = config(&[("JWT_ISSUER", "https://issuer.example/"), ("JWT_AUDIENCES", "gateway")]).unwrap();
    assert_eq!(config.issuer, "https://issuer.example/");
    assert_eq!((config.audiences, config.clients), (names(&["gateway"]), names(&[])));
    let discovery = "https://issuer.example/.well-known/openid-configuration";
    assert_eq!(config.keys_at, KeysAt::Discovery(discovery.parse().unwrap()));
    assert!(!config.token_in_query);
}

#[test]
fn audiences_and_clients_are_lists_and_one_of_the_two_is_enough() {
    let issuer = ("JWT_ISSUER", "https://issuer.example");
    let both = config(&[issuer, ("JWT_AUDIENCES", "web, mobile,"), ("JWT_CLIENTS", "https://a.example ,b")]).unwrap();
    assert_eq!((both.audiences, both.clients), (names(&["web", "mobile"]), names(&["https://a.example", "b"])));
    let clients = config(&[issuer, ("JWT_AUDIENCES", ""), ("JWT_CLIENTS", "b")]).unwrap();
    assert_eq!((clients.audiences, clients.clients), (names(&[]), names(&["b"])));
    for nobody in ["", " ", ",", " , "] {
        let error = config(&[issuer, ("JWT_AUDIENCES", nobody), ("JWT_CLIENTS", nobody)]).unwrap_err();
        assert!(error.contains("JWT_AUDIENCES must be set, or JWT_CLIENTS"), "{error}");
    }
}

#[test]
fn an_issuer_whose_keys_are_given_need_not_be_a_url() {
    let issuer = ("JWT_ISSUER", "accounts.example");
    let (audience, keys) = (("JWT_AUDIENCES", "a"), ("JWT_JWKS_URL", "https://issuer.example/keys?policy=1"));
    let given = config(&[issuer, audience, keys]).unwrap();
    assert_eq!(given.keys_at, KeysAt::Url(keys.1.parse().unwrap()));
    assert!(config(&[issuer, audience]).unwrap_err().contains("JWT_ISSUER must be a URL that begins with https://"));
}

#[test]
fn an_error_names_the_variable_and_its_rule() {
    let (issuer, audience) = (("JWT_ISSUER", "https://issuer.example"), ("JWT_AUDIENCES", "a"));
    assert!(config(&[]).unwrap_err().contains("JWT_ISSUER must be set"));
    assert!(config(&[audience]).unwrap_err().contains("JWT_ISSUER must be set"));
    assert!(config(&[issuer]).unwrap_err().contains("JWT_AUDIENCES must be set, or JWT_CLIENTS"));
    let error = config(&[issuer, audience, ("JWT_JWKS_URL", "http://issuer.example/keys")]).unwrap_err();
    assert!(error.contains("JWT_JWKS_URL must be a URL that begins with https://"), "{error}");
    let error = config(&[issuer, audience, ("JWT_TOKEN_IN_QUERY", "yes")]).unwrap_err();
    assert!(error.contains("JWT_TOKEN_IN_QUERY must be true or false"), "{error}");
}

#[test]
fn documents_come_over_tls_or_from_this_machine() {
    for good in [
        "https://a.example",
        "https://a.example:8443/x?y",
        "http://localhost:1/x",
        "http://127.0.0.1",
        "http://[::1]:2",
    ] {
        assert!(good.parse::<DocumentUrl>().is_ok(), "{good}");
    }
    for bad in [
        "http://a.example",
        "http://127.0.0.1.a.example",
        "http://localhost.a.example",
        "http://127.0.0.1@a.example",
        "https://user@a.example",
        "https://:password@a.example",
        "https://a.example#x",
        "ftp://localhost",
        "file:///etc/passwd",
        "a.example",
        "https://",
        "",
    ] {
        assert!(bad.parse::<DocumentUrl>().is_err(), "{bad}");
    }
}

#[test]
fn the_discovery_document_is_below_the_issuer() {
    for (issuer, document) in [
        ("https://a.example", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/b/", "https://a.example/b/.well-known/openid-configuration"),
        ("https://a.example/b%20c", "https://a.example/b%20c/.well-known/openid-configuration"),
        ("https://a.example/b?c", "https://a.example/b/.well-known/openid-configuration"),
    ] {
        assert_eq!(issuer.parse::<DocumentUrl>().unwrap().discovery().to_string(), document);
    }
}
