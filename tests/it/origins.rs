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
