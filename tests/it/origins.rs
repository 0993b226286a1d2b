//! Whose pages may connect.

use agentcore_gateway::connections::origins::{AllowedOrigins, Origin};

fn list(origins: &[&str]) -> AllowedOrigins {
    AllowedOrigins::from_list(origins.iter().map(|origin| origin.parse().unwrap()).collect())
}

/// The rule on one machine where nothing is listed.
fn this_machine() -> AllowedOrigins {
    AllowedOrigins::on_one_machine(Vec::new())
}

#[test]
fn a_client_without_an_origin_may_always_connect() {
    for rule in [AllowedOrigins::Any, this_machine(), list(&["https://a.example"]), list(&[])] {
        assert!(rule.allows(None, None), "{rule:?}");
    }
}

#[test]
fn a_list_allows_its_origins_and_no_others() {
    let rule = list(&["https://app.example.com", "http://localhost:3000"]);
    for origin in ["https://app.example.com", "HTTPS://App.Example.COM", "http://localhost:3000"] {
        assert!(rule.allows(Some(origin), None), "{origin}");
    }
    let others = [
        "",
        "null",
        "*",
        "file://",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "https://sub.app.example.com",
        "https://app.example.com/",
        "app.example.com",
        " https://app.example.com",
        "http://localhost",
        "http://localhost:30000",
    ];
    for origin in others {
        assert!(!rule.allows(Some(origin), None), "{origin}");
    }
}

#[test]
fn an_empty_list_allows_no_page() {
    assert!(!list(&[]).allows(Some("https://app.example.com"), None));
    assert!(!list(&[]).allows(Some(""), None));
}

#[test]
fn a_star_allows_every_page() {
    assert_eq!(list(&["https://app.example.com", "*"]), AllowedOrigins::Any);
    for origin in ["https://evil.example", "null", "file://", ""] {
        assert!(AllowedOrigins::Any.allows(Some(origin), None), "{origin}");
    }
}

#[test]
fn null_must_be_listed() {
    assert!(list(&["null"]).allows(Some("null"), None));
    assert!(!list(&["https://app.example.com"]).allows(Some("null"), None));
    assert!(!this_machine().allows(Some("null"), None));
}

#[test]
fn pages_of_this_machine_are_local_on_any_port() {
    let local = [
        "http://localhost",
        "http://localhost:8787",
        "https://LOCALHOST:1",
        "http://127.0.0.1",
        "https://127.0.0.1:65535",
        "http://[::1]",
        "http://[::1]:8787",
        "file://",
    ];
    for origin in local {
        assert!(this_machine().allows(Some(origin), None), "{origin}");
    }
}

#[test]
fn other_pages_are_not_local() {
    let others = [
        "",
        "null",
        "http://",
        "localhost",
        "ftp://localhost",
        "http://localhost.evil.example",
        "http://localhost:8787.evil.example",
        "http://evil.example:8787",
        "http://evil.localhost",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.2",
        "http://0.0.0.0:8787",
        "http://[::2]:8787",
        "http://[::1].evil.example",
        "http://localhost:",
        "http://localhost:x",
        "http://localhost:1:2",
        "http://localhost@evil.example",
        "http://evil.example@localhost",
        "http://localhost/",
        "chrome-extension://localhost",
        "file:///etc",
    ];
    for origin in others {
        assert!(!this_machine().allows(Some(origin), None), "{origin}");
    }
}

#[test]
fn a_page_of_the_gateways_own_ip_address_may_connect_on_one_machine() {
    let own = [
        ("http://192.0.2.7:8787", "192.0.2.7:8787"),
        ("HTTP://192.0.2.7:8787", "192.0.2.7:8787"),
        ("http://192.0.2.7", "192.0.2.7"),
        ("http://192.0.2.7:80", "192.0.2.7"),
        ("http://192.0.2.7", "192.0.2.7:80"),
        ("https://192.0.2.7", "192.0.2.7"),
        ("https://192.0.2.7", "192.0.2.7:443"),
        ("http://[2001:db8::7]:8787", "[2001:db8::7]:8787"),
        ("http://[2001:db8::7]", "[2001:DB8:0::7]"),
        ("http://0.0.0.0:8787", "0.0.0.0:8787"),
    ];
    let listed = AllowedOrigins::on_one_machine(vec!["https://app.example.com".parse().unwrap()]);
    for (origin, host) in own {
        for rule in [&this_machine(), &listed] {
            assert!(rule.allows(Some(origin), Some(host)), "{origin} at {host}");
            assert!(!rule.allows(Some(origin), None), "{origin}");
        }
        assert!(!list(&["https://app.example.com"]).allows(Some(origin), Some(host)), "on AWS only the list counts");
    }
    assert!(listed.allows(Some("https://app.example.com"), Some("192.0.2.7:8787")));
    assert!(!listed.allows(Some("http://localhost:3000"), Some("192.0.2.7:8787")), "a list replaces the default");
}

#[test]
fn a_name_and_another_address_are_not_the_gateways_own() {
    let others = [
        // A name may lead to this machine and be an attacker's: DNS rebinding.
        ("http://evil.example:8787", "evil.example:8787"),
        ("http://gateway.local:8787", "gateway.local:8787"),
        ("http://192.0.2.7.evil.example:8787", "192.0.2.7.evil.example:8787"),
        ("http://192.0.2.7:8787", "192.0.2.8:8787"),
        ("http://192.0.2.7:8787", "192.0.2.7:8788"),
        ("http://192.0.2.7", "192.0.2.7:8787"),
        ("http://192.0.2.7", "192.0.2.7:443"),
        ("http://192.0.2.7:8787", "evil.example:8787"),
        ("http://evil.example:8787", "192.0.2.7:8787"),
        ("http://192.0.2.7:8787/", "192.0.2.7:8787"),
        ("http://user@192.0.2.7:8787", "192.0.2.7:8787"),
        ("ftp://192.0.2.7:8787", "192.0.2.7:8787"),
        ("capacitor://192.0.2.7:8787", "192.0.2.7:8787"),
        ("http://192.0.2.07:8787", "192.0.2.07:8787"),
        ("http://3221225991:8787", "3221225991:8787"),
        ("http://", ""),
        ("null", "null"),
        ("", ""),
    ];
    for (origin, host) in others {
        assert!(!this_machine().allows(Some(origin), Some(host)), "{origin} at {host}");
    }
}

#[test]
fn a_port_that_is_the_schemes_own_is_no_port() {
    let rule = list(&["https://app.example.com:443", "http://app.example.com"]);
    for origin in ["https://app.example.com", "https://app.example.com:443", "http://app.example.com:80"] {
        assert!(rule.allows(Some(origin), None), "{origin}");
    }
    for origin in ["https://app.example.com:80", "http://app.example.com:443", "https://app.example.com:4443"] {
        assert!(!rule.allows(Some(origin), None), "{origin}");
    }
}

#[test]
fn how_to_allow_an_origin_can_be_copied_and_never_more_than_that_origin() {
    let advice = |origin: &str| this_machine().how_to_allow(origin);
    let option = |value: &str| Some(format!("start the gateway with --allow-origin {value}"));
    for origin in ["https://app.example.com:8443", "capacitor://localhost", "tauri://localhost", "file://", "null"] {
        assert_eq!(advice(origin), option(origin));
        let setting = Some(format!("add \"{origin}\" to allowed_origins"));
        assert_eq!(list(&[]).how_to_allow(origin), setting);
    }
    assert_eq!(advice("http://[fd00::2]:8787"), option("'http://[fd00::2]:8787'"));
    for origin in [
        "",
        "*",
        "localhost",
        "https://$(id)",
        "https://x;id",
        "https://x'",
        "https://`id`",
        "https://x&id",
        "https://é",
    ] {
        assert_eq!(advice(origin), None, "{origin}");
    }
}

#[test]
fn what_is_no_origin_cannot_be_listed() {
    let wrong = [
        "",
        "app.example.com",
        "https://",
        "://host",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "https://app.example.com#x",
        "https://a.example https://b.example",
        "https://a.example,https://b.example",
        "localhost:3000",
        "NULL ",
        "**",
    ];
    for text in wrong {
        let error = text.parse::<Origin>().unwrap_err().to_string();
        assert!(error.contains(&format!("{text:?}")) && error.contains("scheme://host"), "{error}");
    }
}

#[test]
fn origins_of_other_schemes_can_be_listed() {
    for origin in ["file://", "chrome-extension://abcdef", "app://localhost", "http://[::1]:8787", "capacitor://x"] {
        assert!(list(&[origin]).allows(Some(origin), None), "{origin}");
    }
}
