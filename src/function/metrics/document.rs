//! Lines of the embedded metric format.

use serde_json::{Map, Value, json};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::recorder::{Labels, Measured};
use crate::clock::Timestamp;
use crate::metrics::{Metric, dimension};

/// So many values of a metric a line may have (CloudWatch's specification of the format).
const MAX_VALUES: usize = 100;

/// What stands in each line.
pub(super) struct Heading {
    pub(super) namespace: String,
    pub(super) level: String,
}

impl Heading {
    /// The lines for what was `measured` until `now`.
    pub(super) fn documents(
        &self,
        measured: Vec<(Labels, Vec<(&'static Metric, Measured)>)>,
        now: Timestamp,
    ) -> String {
        let mut lines = String::new();
        for (labels, mut rest) in measured {
            while !rest.is_empty() {
                let (document, left) = self.document(&labels, rest, now);
                lines.push_str(&document.to_string());
                lines.push('\n');
                rest = left;
            }
        }
        lines
    }

    /// One line, and what has no room in it.
    fn document(
        &self,
        labels: &Labels,
        measured: Vec<(&'static Metric, Measured)>,
        now: Timestamp,
    ) -> (Value, Vec<(&'static Metric, Measured)>) {
        let (mut line, mut definitions, mut left) = (Map::new(), Vec::new(), Vec::new());
        let dimensions: Vec<String> = labels.iter().map(|(label, _)| dimension(label)).collect();
        for (name, (_, value)) in dimensions.iter().zip(labels) {
            line.insert(name.clone(), value.as_str().into());
        }
        for (metric, measured) in measured {
            let value = match measured {
                Measured::Count(count) => count.into(),
                Measured::Durations(mut seconds) => {
                    if seconds.len() > MAX_VALUES {
                        left.push((metric, Measured::Durations(seconds.split_off(MAX_VALUES))));
                    }
                    seconds.into_iter().map(milliseconds).collect()
                }
            };
            line.insert(metric.cloudwatch.to_owned(), value);
            definitions.push(json!({"Name": metric.cloudwatch, "Unit": unit(metric)}));
        }
        // As a whole; and, where there are labels, by them.
        let sets = if dimensions.is_empty() { json!([[]]) } else { json!([[], dimensions]) };
        let directive = json!({"Namespace": self.namespace, "Dimensions": sets, "Metrics": definitions});
        line.insert("_aws".to_owned(), json!({"Timestamp": now.0, "CloudWatchMetrics": [directive]}));
        line.insert("level".to_owned(), self.level.as_str().into());
        line.insert("timestamp".to_owned(), timestamp().into());
        (Value::Object(line), left)
    }
}

/// In the unit of CloudWatch, to a tenth.
fn milliseconds(seconds: f64) -> Value {
    ((seconds * 10_000.0).round() / 10.0).into()
}

fn unit(metric: &Metric) -> &'static str {
    match metric.kind {
        crate::metrics::Kind::Duration => "Milliseconds",
        _ => "Count",
    }
}

/// The time as the other lines of the log have it: without it Lambda takes a line to be of level INFO.
fn timestamp() -> String {
    let mut text = String::new();
    // A string takes everything.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{EVENTS, PUSH_DURATION};

    #[test]
    fn a_line_has_a_hundred_values_of_a_metric_and_the_next_has_the_rest() {
        let heading = Heading { namespace: "test".to_owned(), level: "INFO".to_owned() };
        let durations = Measured::Durations((0..250).map(f64::from).collect());
        let measured = vec![(&PUSH_DURATION, durations), (&EVENTS, Measured::Count(7))];
        let text = heading.documents(vec![(Labels::new(), measured)], Timestamp(1));
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
        let values: Vec<usize> = lines.iter().map(|line| line["PushDuration"].as_array().map_or(0, Vec::len)).collect();
        assert_eq!(values, [100, 100, 50]);
        assert_eq!(lines[2]["PushDuration"][49], 249_000.0);
        assert_eq!(lines.iter().filter(|line| line["Events"] == 7).count(), 1);
    }
}
