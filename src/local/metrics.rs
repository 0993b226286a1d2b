//! What the gateway on one machine measures, as Prometheus reads it: the text at `/metrics`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, header};
use metrics::{Gauge, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::time::sleep;

use super::header::{HOST_RULE, names_trusted_host};
use crate::connections::origins::AllowedOrigins;
use crate::metrics::{ALL, Kind, Place};

/// Whether a request for `path` is for the metrics.
pub(super) fn is_meant(path: &str) -> bool {
    path == "/metrics"
}

/// The upper bounds of the classes of durations, in seconds: an agent's first word takes parts of a second, a run up to hours.
const BUCKETS: [f64; 18] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 28800.0];

/// How often durations are sorted into their classes; until then each is kept.
const UPKEEP: Duration = Duration::from_secs(5);

/// The type of the text (Prometheus, text-based exposition format).
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics as text.
#[derive(Debug, Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// A recorder, and the text of what it records.
    #[must_use]
    #[expect(clippy::expect_used, reason = "there are buckets")]
    pub fn with_recorder() -> (PrometheusRecorder, Self) {
        let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets").build_recorder();
        for metric in ALL.iter().filter(|metric| metric.place != Place::Aws) {
            let (name, text) = (metric.name.into(), metric.description.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), text),
                Kind::Gauge => recorder.describe_gauge(name, Some(Unit::Count), text),
                Kind::Duration => recorder.describe_histogram(name, Some(Unit::Seconds), text),
            }
        }
        let handle = recorder.handle();
        (recorder, Self(handle))
    }

    /// Lets everything in this process be recorded from now on; what there is to it once.
    #[must_use]
    pub fn install() -> Self {
        let (recorder, exporter) = Self::with_recorder();
        // It fails only if there is one already.
        let _ = metrics::set_global_recorder(recorder);
        exporter
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Sorts what was recorded, from time to time.
    pub(super) async fn keep_up(self) {
        loop {
            sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }

    /// Answers a request for a path that [`is_meant`] for the metrics. Pages of browsers are kept out by the host: one may have
    /// made its own name lead to this machine (DNS rebinding).
    pub(super) fn answer(&self, method: &Method, headers: &HeaderMap, origins: &AllowedOrigins) -> Response {
        if !names_trusted_host(headers, origins) {
            return (StatusCode::FORBIDDEN, format!("{HOST_RULE}\n")).into_response();
        }
        match *method {
            Method::GET | Method::HEAD => ([(header::CONTENT_TYPE, CONTENT_TYPE)], self.text()).into_response(),
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }
}

/// One of those that a gauge counts, until this is dropped.
pub(super) struct Counted(Gauge);

impl Counted {
    pub(super) fn by(gauge: Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
