//! The list of metrics, and what is written of it elsewhere: the documentation, the dashboard and the alarms.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use agentcore_gateway::metrics::{ALL, Kind, Metric, Place, dimension};

/// Metrics of AWS that the dashboard and the alarms name, by the pages "metrics" of each service's guide.
const OF_AWS: &[&str] = &[
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesVisible",
    "NumberOfMessagesReceived",
    "ConcurrentExecutions",
    "Errors",
    "Throttles",
    "ConnectCount",
    "ExecutionError",
    "IntegrationError",
    "IntegrationLatency",
    "MessageCount",
    "ConsumedReadCapacityUnits",
    "ConsumedWriteCapacityUnits",
    "ReadThrottleEvents",
    "WriteThrottleEvents",
];

/// Words that begin with a capital letter like metrics do, and are none.
const OTHERS: &[&str] = &[
    // Statistics and comparisons.
    "Maximum",
    "Sum",
    "GreaterThanThreshold", // Titles of rows and widgets.
    "Agent",
    "Capacity",
    "Clients",
    "Endings",
    "Errors",
    "Pushes",
    "Queue",
    "Resumes",
    "Saturation",
    "Table",
    "Tokens",
    "Traffic",
    "Uploads",
];

fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).expect("the file is there")
}

fn on_aws() -> impl Iterator<Item = &'static Metric> {
    ALL.iter().filter(|metric| metric.place != Place::OneMachine)
}

/// Texts in quotes that are one word beginning with a capital letter.
fn words(file: &str) -> BTreeSet<String> {
    let quoted = file.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| line.split('"'));
    let is_word = |text: &&str| {
        text.starts_with(|first: char| first.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric())
    };
    quoted.filter(is_word).map(str::to_owned).collect()
}

#[test]
fn the_document_has_each_metric_as_it_is_and_no_other() {
    let row = |metric: &Metric| {
        let unless = |place, name: &str| if metric.place == place { "–".to_owned() } else { format!("`{name}`") };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Duration => "duration",
        };
        let place = match metric.place {
            Place::Everywhere => "everywhere",
            Place::Aws => "AWS",
            Place::OneMachine => "one machine",
        };
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let (cloudwatch, name) = (unless(Place::OneMachine, metric.cloudwatch), unless(Place::Aws, metric.name));
        format!("| {cloudwatch} | {name} | {kind} | {labels} | {place} | {} |", metric.description)
    };
    let document = read("docs/metrics.md");
    let rows: Vec<&str> = document
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(rows, ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn names_follow_the_customs_of_prometheus_and_cloudwatch() {
    let (mut names, mut cloudwatch) = (BTreeSet::new(), BTreeSet::new());
    for metric in ALL {
        let name = metric.name.strip_prefix("agentcore_gateway_").unwrap_or_default();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_seconds"), metric.kind == Kind::Duration, "{name}");
        assert!(metric.cloudwatch.chars().all(|c| c.is_ascii_alphabetic()), "{}", metric.cloudwatch);
        assert!(names.insert(metric.name) && cloudwatch.insert(metric.cloudwatch), "{name} is there twice");
        assert!(metric.description.ends_with('.'), "{name}");
    }
}

#[test]
fn each_metric_is_recorded_somewhere() {
    let mut sources = Vec::new();
    let mut folders = vec![path("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if !entry.ends_with("metrics/catalogue.rs") {
                sources.push(fs::read_to_string(entry).unwrap());
            }
        }
    }
    let catalogue = read("src/metrics/catalogue.rs");
    let constants: Vec<&str> = catalogue
        .lines()
        .filter_map(|line| line.trim().split_once(": \"").map(|(constant, _)| constant))
        .filter(|constant| constant.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert_eq!(constants.len(), ALL.len());
    for constant in constants {
        let records = [".count(", ".counter(", ".gauge(", ".durations(", ".took("];
        let is_recorded = |source: &String| {
            let bare: String = source.split_whitespace().collect();
            bare.match_indices(constant).any(|(at, _)| {
                let before = bare[..at].chars().next_back();
                let is_whole = !before.is_some_and(|c| c.is_ascii_uppercase() || c == '_');
                is_whole && records.iter().any(|record| bare[at + constant.len()..].starts_with(record))
            })
        };
        assert!(sources.iter().any(is_recorded), "nobody records {constant}");
    }
}

#[test]
fn the_dashboard_and_the_alarms_name_only_metrics_that_somebody_emits() {
    let ours: BTreeSet<&str> = on_aws().map(|metric| metric.cloudwatch).collect();
    let dimensions: BTreeSet<String> =
        ALL.iter().flat_map(|metric| metric.labels).map(|label| dimension(label)).collect();
    for file in ["terraform/dashboard.tf", "terraform/alarms.tf"] {
        for word in words(&read(file)) {
            let is_known = ours.contains(word.as_str())
                || OF_AWS.contains(&word.as_str())
                || OTHERS.contains(&word.as_str())
                || dimensions.contains(&word);
            assert!(is_known, "{file} names {word}, which is no metric");
        }
    }
}

#[test]
fn each_metric_on_aws_is_on_the_dashboard_with_the_dimensions_that_it_has() {
    let dashboard = read("terraform/dashboard.tf");
    let named = words(&dashboard);
    for metric in on_aws() {
        assert!(named.contains(metric.cloudwatch), "{} is not shown", metric.cloudwatch);
    }
    for line in dashboard.split("{ metric = ").skip(1) {
        let Some((name, rest)) = line.trim_start_matches('"').split_once('"') else { continue };
        let Some(rest) = rest.strip_prefix(", dimensions = [") else { continue };
        let dimensions = rest.split(']').next().unwrap_or_default();
        // Which one it is, is chosen elsewhere in the file.
        let Some(metric) = on_aws().find(|metric| metric.cloudwatch == name) else { panic!("{name} is no metric") };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("\"{}\"", dimension(label))).collect();
        assert!(dimensions == labels.join(", ") || dimensions == "dimension", "{name} by {dimensions}");
    }
}
