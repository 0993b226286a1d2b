//! What the gateway measures: every metric with its names, its labels and its meaning, in one place.
//!
//! It is recorded through the facade of the crate `metrics`, where it happens. Who reads it is the program's choice: the
//! functions on AWS write CloudWatch's embedded metric format (`function::metrics`), the gateway on one machine shows
//! Prometheus' text (`local::metrics`). Without either, recording does nothing.
//!
//! A label has few values: names of agents, which are configured, and codes, which are the protocol's. What a client chooses
//! is never one: no prompt, no id, no token. `docs/metrics.md` is the list for operators, and a test compares the two.

mod catalogue;
mod hearing;
mod push;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "dynamodb")]
mod table;

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, Label};

pub use catalogue::*;
pub(crate) use hearing::Hearing;
pub use push::MeasuredPush;
#[cfg(feature = "sqs")]
pub use queue::MeasuredQueue;
#[cfg(feature = "dynamodb")]
pub use table::MeasuredTable;

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How often something has happened.
    Counter,
    /// How much there is of something.
    Gauge,
    /// How long things have taken: seconds for Prometheus, milliseconds for CloudWatch.
    Duration,
}

/// Where a metric is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By the functions on AWS, and on one machine.
    Everywhere,
    /// By the functions on AWS only: what stands behind the traits there is a service.
    Aws,
    /// On one machine only: on AWS a service measures it.
    OneMachine,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in Prometheus, and in the facade.
    pub name: &'static str,
    /// Its name in CloudWatch.
    pub cloudwatch: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// The labels that each of its values has, in the order in which values are given; CloudWatch's dimensions.
    pub labels: &'static [&'static str],
    /// Where it is recorded.
    pub place: Place,
    /// What it says.
    pub description: &'static str,
}

impl Metric {
    /// The counter for these values of the labels.
    pub fn counter(&self, values: &[&str]) -> Counter {
        ::metrics::counter!(self.name, self.labelled(values))
    }

    /// The gauge for these values of the labels.
    pub fn gauge(&self, values: &[&str]) -> Gauge {
        ::metrics::gauge!(self.name, self.labelled(values))
    }

    /// The durations for these values of the labels.
    pub fn durations(&self, values: &[&str]) -> Histogram {
        ::metrics::histogram!(self.name, self.labelled(values))
    }

    /// Counts one more.
    pub(crate) fn count(&self, values: &[&str]) {
        self.counter(values).increment(1);
    }

    /// Records that something took `duration`.
    pub(crate) fn took(&self, values: &[&str], duration: Duration) {
        self.durations(values).record(duration);
    }

    fn labelled(&self, values: &[&str]) -> Vec<Label> {
        debug_assert_eq!(self.labels.len(), values.len(), "{}", self.name);
        let values = values.iter().map(|value| (*value).to_owned());
        self.labels.iter().zip(values).map(|(label, value)| Label::new(*label, value)).collect()
    }
}

/// A label as CloudWatch names dimensions.
#[must_use]
pub fn dimension(label: &str) -> String {
    let (first, rest) = label.split_at(label.len().min(1));
    first.to_ascii_uppercase() + rest
}
