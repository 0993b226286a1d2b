//! The metrics of a function, written to its log in [CloudWatch's embedded metric format].
//!
//! A line of that form in the standard output becomes metrics in the namespace that it names. Each metric is written as a
//! whole, without dimensions, and by its labels: an alarm cannot add up what has dimensions.
//!
//! [CloudWatch's embedded metric format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

mod document;
mod recorder;

use std::io::{self, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use crate::clock::{Clock, SystemClock};
use crate::environment::{Environment, InvalidVariable};
use document::Heading;
use recorder::Recorder;

/// How often what was measured is written while an invocation goes on. CloudWatch keeps a value for each minute.
const INTERVAL: Duration = Duration::from_secs(60);

/// What a function has measured, and where it is written.
#[derive(Clone)]
pub struct Metrics(Option<Arc<Written>>);

struct Written {
    recorder: Arc<Recorder>,
    heading: Heading,
    log: fn(&str) -> io::Result<()>,
}

/// What Lambda takes for a function's log.
fn log(lines: &str) -> io::Result<()> {
    io::stdout().lock().write_all(lines.as_bytes())
}

impl Metrics {
    /// Begins to record if `METRICS_NAMESPACE` names the namespace. Lambda drops lines that are less severe than
    /// `AWS_LAMBDA_LOG_LEVEL`, so that is the level of these.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub(super) fn start(environment: &Environment) -> Result<Self, InvalidVariable> {
        let Some(namespace) = environment.optional("METRICS_NAMESPACE") else { return Ok(Self(None)) };
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
        if namespace.len() > 255 || namespace.starts_with("AWS/") || !namespace.bytes().all(is_valid) {
            let rule = "have at most 255 letters, digits and . - _ / #, and not begin with AWS/";
            return Err(InvalidVariable::new("METRICS_NAMESPACE", rule));
        }
        let level = environment.optional("AWS_LAMBDA_LOG_LEVEL").unwrap_or("INFO").to_ascii_uppercase();
        let heading = Heading { namespace: namespace.to_owned(), level };
        let recorder = Arc::<Recorder>::default();
        // It fails only if there is one already, and a process has one function.
        let _ = ::metrics::set_global_recorder(recorder.clone());
        Ok(Self(Some(Arc::new(Written { recorder, heading, log }))))
    }

    /// Comes to what `work` comes to, and writes what was measured: every minute, and behind it. Nothing of it may be left
    /// then, for a function is frozen between its invocations.
    pub async fn written<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(written) = &self.0 else { return work.await };
        let mut work = pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = sleep(INTERVAL) => written.write(),
            }
        };
        written.write();
        done
    }
}

impl Written {
    fn write(&self) {
        let lines = self.heading.documents(self.recorder.take(), SystemClock.now());
        if let Err(error) = (self.log)(&lines) {
            warn!(%error, "the metrics were not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::metrics::EVENTS;

    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

    #[tokio::test(start_paused = true)]
    async fn what_is_measured_is_written_every_minute_and_in_the_end() {
        let recorder = Arc::<Recorder>::default();
        let heading = Heading { namespace: "test".to_owned(), level: "INFO".to_owned() };
        let log = |lines: &str| -> io::Result<()> {
            LOG.lock().map_or(Ok(()), |mut log| {
                log.push(lines.to_owned());
                Ok(())
            })
        };
        let metrics = Metrics(Some(Arc::new(Written { recorder: recorder.clone(), heading, log })));
        let work = async {
            for _ in 0..6 {
                ::metrics::with_local_recorder(&recorder, || EVENTS.count(&[]));
                sleep(Duration::from_secs(25)).await;
            }
        };
        metrics.written(work).await;
        let written = LOG.lock().map(|log| log.clone()).unwrap_or_default();
        assert_eq!(written.len(), 3, "{written:?}");
        for (lines, count) in written.iter().zip([3, 2, 1]) {
            assert!(lines.contains(&format!(r#""Events":{count}"#)), "{lines}");
        }
    }
}
