//! `/metrics` and `/healthz` of the gateway on one machine.

use agentcore_gateway::connections::origins::AllowedOrigins;
use http::{Method, StatusCode};

use crate::support::measured::Measured;
use crate::support::socket::{Client, gateway};

#[tokio::test]
async fn prometheus_reads_the_metrics_of_the_gateway_and_of_its_connections() {
    let measured = Measured::begin();
    let gateway = gateway(None, |config| config.metrics = Some(measured.exporter())).await;
    let url = format!("http://{}/metrics", gateway.address());
    let mut client = Client::connect(&gateway).await;
    client.ask("hi", "r").await;
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    for line in [
        "# HELP agentcore_gateway_runs_ended_total Runs that have their ending: completed, failed or stopped.",
        "# TYPE agentcore_gateway_runs_ended_total counter",
        "# TYPE agentcore_gateway_run_duration_seconds histogram",
        "# TYPE agentcore_gateway_connections_open gauge",
        r#"agentcore_gateway_runs_ended_total{agent="default",outcome="completed"} 1"#,
        r#"agentcore_gateway_run_duration_seconds_bucket{agent="default",le="28800"} 1"#,
        "agentcore_gateway_connections_open 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(measured.of(r#"pushes_total{result="ok"}"#) >= 3.0, "{text}");
    drop(client);
    let disconnected = async {
        while measured.of("connections_open") > 0.0 || measured.of("runs_active") > 0.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), disconnected).await.unwrap();
}

#[tokio::test]
async fn the_metrics_are_for_requests_that_name_an_address_and_health_is_for_all() {
    let measured = Measured::begin();
    let listed = ["https://app.example.com".parse().unwrap()];
    let gateway = gateway(None, |config| {
        config.metrics = Some(measured.exporter());
        config.origins = AllowedOrigins::on_one_machine(listed.to_vec());
    })
    .await;
    let client = reqwest::Client::new();
    for (host, metrics) in [
        ("127.0.0.1:8787", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("[::1]:8787", StatusCode::OK),
        ("app.example.com:8443", StatusCode::OK),
        ("evil.example", StatusCode::FORBIDDEN),
        ("127.0.0.1.evil.example", StatusCode::FORBIDDEN),
    ] {
        for (path, expected) in [("metrics", metrics), ("healthz", StatusCode::OK)] {
            let request = client.get(format!("http://{}/{path}", gateway.address())).header("host", host);
            assert_eq!(request.send().await.unwrap().status(), expected, "{path} at {host}");
        }
    }
}

#[tokio::test]
async fn metrics_and_health_are_read_and_nothing_else() {
    let measured = Measured::begin();
    let with = gateway(None, |config| config.metrics = Some(measured.exporter())).await;
    let without = gateway(None, |_| {}).await;
    let status = async |gateway: &agentcore_gateway::local::Gateway, method: Method, path: &str| {
        let url = format!("http://{}{path}", gateway.address());
        reqwest::Client::new().request(method, url).send().await.unwrap().status()
    };
    for path in ["/metrics", "/healthz"] {
        assert_eq!(status(&with, Method::HEAD, path).await, StatusCode::OK, "{path}");
        assert_eq!(status(&with, Method::POST, path).await, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert_eq!(status(&with, Method::GET, "/metrics/").await, StatusCode::NOT_FOUND);
    assert_eq!(status(&without, Method::GET, "/metrics").await, StatusCode::NOT_FOUND);
    let health = reqwest::get(format!("http://{}/healthz", without.address())).await.unwrap();
    assert_eq!(health.text().await.unwrap(), "ok\n");
}
