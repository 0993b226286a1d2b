//! Whose pages may upload, and under which hosts.

use http::{Method, StatusCode};

use super::{Place, blanks, put, status};

const APP: &str = "https://app.example.com";

fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().request(Method::OPTIONS, url).header("origin", origin);
    request.header("access-control-request-method", method).header("access-control-request-headers", headers)
}

#[tokio::test]
async fn a_browser_is_told_what_pages_of_allowed_origins_may_send() {
    let place = Place::with(&[APP]).await;
    let url = place.offer(1, 10).await;
    let own = format!("http://{}", place.address);
    for origin in [APP, &own] {
        let answer = preflight(&url, origin, "PUT", "content-type,if-none-match").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["access-control-allow-origin"], origin);
        assert_eq!(answer.headers()["access-control-allow-methods"], "PUT");
        assert_eq!(answer.headers()["access-control-allow-headers"], "content-type, if-none-match");
        assert_eq!(answer.headers()["vary"], "Origin");
        assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    }
    for (origin, method, headers) in [
        ("https://evil.example", "PUT", "content-type"),
        ("null", "PUT", "content-type"),
        (APP, "POST", "content-type"),
        (APP, "PUT", "content-type, authorization"),
    ] {
        let answer = preflight(&url, origin, method, headers).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin} {method} {headers}");
        assert!(!answer.headers().contains_key("access-control-allow-methods"));
    }
    assert_eq!(status(reqwest::Client::new().request(Method::OPTIONS, &url)).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_pages_of_allowed_origins_upload_and_read_what_came_of_it() {
    let place = Place::with(&[APP]).await;
    let url = place.offer(1, 10).await;
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let answer = put(&url, blanks(10)).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
    }
    for (bytes, expected) in [(9, StatusCode::FORBIDDEN), (10, StatusCode::OK)] {
        let answer = put(&url, blanks(bytes)).header("origin", APP).send().await.unwrap();
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers()["access-control-allow-origin"], APP);
    }
}

#[tokio::test]
async fn a_host_is_an_address_or_a_name_that_nobody_else_can_have() {
    let place = Place::with(&["https://App.example.com:8443"]).await;
    for (number, (host, expected)) in [
        ("127.0.0.1:8787", 200),
        ("localhost:1", 200),
        ("192.0.2.7", 200),
        ("[2001:db8::7]:8787", 200),
        ("app.example.com", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
    ]
    .into_iter()
    .enumerate()
    {
        let url = place.offer(number.try_into().unwrap(), 10).await;
        assert_eq!(status(put(&url, blanks(10)).header("host", host)).await.as_u16(), expected, "{host}");
        let asked = preflight(&url, "https://app.example.com:8443", "PUT", "").header("host", host);
        assert_eq!(status(asked).await.as_u16(), expected, "{host}");
    }
}
