//! What was recorded since it was last written.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};

use crate::metrics::{ALL, Metric};

/// Values of labels, by label.
pub(super) type Labels = Vec<(String, String)>;

/// What was measured of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measured {
    /// So many times.
    Count(u64),
    /// Each took so many seconds.
    Durations(Vec<f64>),
}

/// Keeps counters and durations until they are taken. Gauges, which only one machine has, it does not.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<BTreeMap<Labels, Vec<Series>>>);

#[derive(Debug)]
struct Series {
    metric: &'static Metric,
    values: Values,
}

#[derive(Debug, Clone)]
enum Values {
    Count(Arc<AtomicU64>),
    Durations(Arc<Durations>),
}

#[derive(Debug, Default)]
struct Durations(Mutex<Vec<f64>>);

impl HistogramFn for Durations {
    fn record(&self, value: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }
}

impl Values {
    fn take(&self) -> Option<Measured> {
        match self {
            Self::Count(count) => match count.swap(0, Ordering::Relaxed) {
                0 => None,
                count => Some(Measured::Count(count)),
            },
            Self::Durations(durations) => {
                let durations = std::mem::take(&mut *durations.0.lock().unwrap_or_else(PoisonError::into_inner));
                (!durations.is_empty()).then_some(Measured::Durations(durations))
            }
        }
    }
}

impl Recorder {
    /// What was recorded since the last time, by labels.
    pub(super) fn take(&self) -> Vec<(Labels, Vec<(&'static Metric, Measured)>)> {
        let taken = |series: &Series| Some((series.metric, series.values.take()?));
        let all = self.lock();
        let all = all.iter().map(|(labels, series)| (labels.clone(), series.iter().filter_map(taken).collect()));
        all.filter(|(_, measured): &(Labels, Vec<_>)| !measured.is_empty()).collect()
    }

    /// The values of `key`, new ones if there are none; `None` if it is no metric of ours.
    fn values(&self, key: &Key, new: impl FnOnce() -> Values) -> Option<Values> {
        let metric = ALL.iter().find(|metric| metric.name == key.name())?;
        let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        let mut all = self.lock();
        let series = all.entry(labels).or_default();
        if let Some(known) = series.iter().find(|series| series.metric.name == metric.name) {
            return Some(known.values.clone());
        }
        let values = new();
        series.push(Series { metric, values: values.clone() });
        Some(values)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Labels, Vec<Series>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ::metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.values(key, || Values::Count(Arc::default())) {
            Some(Values::Count(count)) => Counter::from_arc(count),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.values(key, || Values::Durations(Arc::default())) {
            Some(Values::Durations(durations)) => Histogram::from_arc(durations),
            _ => Histogram::noop(),
        }
    }
}
