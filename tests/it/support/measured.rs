//! What is measured on this thread.

use agentcore_gateway::local::metrics::Exporter;
use metrics::LocalRecorderGuard;

/// All metrics of this thread, for as long as it lives.
pub struct Measured {
    exporter: Exporter,
    _guard: LocalRecorderGuard<'static>,
}

impl Measured {
    pub fn begin() -> Self {
        let (recorder, exporter) = Exporter::with_recorder();
        // A recorder for each test, which is not many.
        let guard = metrics::set_default_local_recorder(Box::leak(Box::new(recorder)));
        Self { exporter, _guard: guard }
    }

    pub fn exporter(&self) -> Exporter {
        self.exporter.clone()
    }

    /// The value of `series`, such as `pushes_total{result="ok"}`; 0 if it is not there.
    pub fn of(&self, series: &str) -> f64 {
        let line = format!("agentcore_gateway_{series} ");
        let text = self.exporter.text();
        let value = text.lines().find_map(|found| found.strip_prefix(&line));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    pub fn text(&self) -> String {
        self.exporter.text()
    }
}
