//! Where clients are told to upload.

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::uploads::origin_of;
use http::{HeaderMap, HeaderName};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    pairs.iter().map(pair).collect()
}

#[test]
fn a_client_is_told_the_host_at_which_it_reaches_the_gateway() {
    let listed = AllowedOrigins::on_one_machine(vec!["http://laptop.local:8787".parse().unwrap()]);
    for (host, origin) in [
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("192.0.2.7:8787", "http://192.0.2.7:8787"),
        ("[2001:db8::7]:8787", "http://[2001:db8::7]:8787"),
        ("localhost", "http://localhost"),
        ("laptop.local:8787", "http://laptop.local:8787"),
        // Nothing is taken under these, so the address is told at which the connection came in.
        ("evil.example", "http://192.0.2.9:8787"),
        ("", "http://192.0.2.9:8787"),
    ] {
        let local = "[::ffff:192.0.2.9]:8787".parse().unwrap();
        assert_eq!(origin_of(&headers(&[("host", host)]), &listed, local), origin, "{host}");
    }
}

#[test]
fn behind_a_proxy_with_tls_uploads_go_by_tls_too() {
    let any = AllowedOrigins::Any;
    let local = "10.0.0.1:8787".parse().unwrap();
    let told = |pairs: &[(&str, &str)]| origin_of(&headers(pairs), &any, local);
    let host = ("host", "gateway.example");
    assert_eq!(told(&[host, ("x-forwarded-proto", "https")]), "https://gateway.example");
    assert_eq!(told(&[host, ("x-forwarded-proto", "http")]), "http://gateway.example");
    assert_eq!(told(&[host]), "http://gateway.example");
}

#[test]
fn what_is_no_host_does_not_get_into_an_address() {
    let local = "10.0.0.1:8787".parse().unwrap();
    for host in ["a@evil.example", "a/b", "a?b", "a b", "a#b"] {
        let told = origin_of(&headers(&[("host", host)]), &AllowedOrigins::Any, local);
        assert_eq!(told, "http://10.0.0.1:8787", "{host}");
    }
    let two = headers(&[("host", "192.0.2.7")]).into_iter().chain(headers(&[("host", "192.0.2.8")]));
    let mut both = HeaderMap::new();
    two.for_each(|(name, value)| {
        both.append(name.unwrap_or(http::header::HOST), value);
    });
    assert_eq!(origin_of(&both, &AllowedOrigins::Any, local), "http://10.0.0.1:8787");
}
