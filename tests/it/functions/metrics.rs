//! The metrics of the functions: lines of CloudWatch's embedded metric format in their logs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::log::time_of;
use super::worker::{busy, prompts};
use super::{MESSAGE, WORKER, event, start_with, willing};
use crate::support::agent::FakeAgent;
use crate::support::aws::failure;
use crate::support::lambda::failed_start;

const ON: (&str, &str) = ("METRICS_NAMESPACE", "AgentCoreGateway/gateway-test");

/// What was written of each metric: by its name and its dimensions, whose values follow it.
fn measured(log: &str) -> BTreeMap<String, Vec<f64>> {
    let mut measured: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(aws) = line.get("_aws") else { continue };
        assert!(aws["Timestamp"].as_u64().unwrap() > 1_790_000_000_000, "{line}");
        time_of(&line);
        let [directive] = &aws["CloudWatchMetrics"].as_array().unwrap()[..] else { panic!("{line}") };
        assert_eq!(directive["Namespace"], ON.1);
        let mut known = vec!["_aws".to_owned(), "level".to_owned(), "timestamp".to_owned()];
        let sets: Vec<Vec<String>> = serde_json::from_value(directive["Dimensions"].clone()).unwrap();
        assert_eq!(sets[0], [""; 0], "each metric is there as a whole");
        assert!(sets.len() <= 2, "{line}");
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let values = match &line[name] {
                Value::Array(values) => values.iter().map(|value| value.as_f64().unwrap()).collect(),
                value => vec![value.as_f64().unwrap()],
            };
            assert!(!values.is_empty() && values.len() <= 100, "{line}");
            assert_eq!(metric["Unit"], if line[name].is_array() { "Milliseconds" } else { "Count" });
            known.push(name.to_owned());
            for set in &sets {
                known.extend(set.clone());
                let dimensions: String =
                    set.iter().map(|label| format!(" {}", line[label].as_str().unwrap())).collect();
                measured.entry(format!("{name}{dimensions}")).or_default().extend(&values);
            }
        }
        let unknown: Vec<_> = line.as_object().unwrap().keys().filter(|key| !known.contains(key)).collect();
        assert_eq!(unknown, [""; 0], "{line}");
    }
    measured
}

#[tokio::test]
async fn a_worker_writes_what_its_run_was_like() {
    let aws = FakeAgent::start(busy()).await;
    let mut function = start_with(WORKER, &aws, &[ON]).await;
    function.invoke(&prompts()).await.unwrap();
    let log = function.stop();
    let measured = measured(&log);
    for (name, value) in [
        ("RunsEnded", 1.0),
        ("RunsEnded default completed", 1.0),
        ("Events", 1.0),
        ("Frames", 1.0),
        ("Pushes", 3.0),
        ("Pushes ok", 3.0),
    ] {
        assert_eq!(measured.get(name), Some(&vec![value]), "{name}: {log}");
    }
    for (name, times) in [
        ("PromptWait", 1),
        ("TimeToFirstEvent default", 1),
        ("PushDuration", 3),
        ("TableDuration", 6),
        ("TableDuration read", 1),
        ("TableDuration write", 5),
        ("QueueDuration extend", 1),
    ] {
        let values = measured.get(name).unwrap_or_else(|| panic!("{name}: {log}"));
        assert_eq!(values.len(), times, "{name}: {log}");
        assert!(values.iter().all(|value| (0.0..60_000.0).contains(value)), "{name}: {log}");
    }
    let metrics: String = log.lines().filter(|line| line.contains("_aws")).collect();
    for secret in ["Grüße", "travel", "auth0", "r-1", "L0SM9cOFvHcCIhw", "Root=", "gateway-0"] {
        assert!(!metrics.contains(secret), "{secret} in {metrics}");
    }
}

#[tokio::test]
async fn what_was_written_is_not_written_again() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start_with(MESSAGE, &aws, &[ON]).await;
    for _ in 0..3 {
        function.invoke(&event!("message")).await.unwrap();
    }
    let log = function.stop();
    assert_eq!(measured(&log)["PromptsAccepted default"], [1.0; 3], "{log}");
}

#[tokio::test]
async fn the_lines_are_as_severe_as_lambda_lets_through() {
    for level in ["DEBUG", "WARN", "ERROR", "FATAL"] {
        let aws = FakeAgent::start(|_| failure(400, "AWS.SimpleQueueService.NonExistentQueue")).await;
        let mut function = start_with(MESSAGE, &aws, &[ON, ("AWS_LAMBDA_LOG_LEVEL", level)]).await;
        function.invoke(&event!("message")).await.unwrap();
        let log = function.stop();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let levels: Vec<Value> =
            lines.filter(|line| line.get("_aws").is_some()).map(|line| line["level"].clone()).collect();
        assert!(levels.len() >= 2 && levels.iter().all(|found| *found == json!(level)), "{log}");
        assert_eq!(measured(&log)["QueueErrors unavailable"], [1.0]);
        assert_eq!(measured(&log)["MessagesRejected unavailable"], [1.0]);
    }
}

#[tokio::test]
async fn without_a_namespace_nothing_is_measured_and_a_bad_one_is_no_start() {
    let aws = FakeAgent::start(busy()).await;
    let mut function = start_with(WORKER, &aws, &[]).await;
    function.invoke(&prompts()).await.unwrap();
    assert!(!function.stop().contains("_aws"));
    for namespace in ["AWS/Lambda", "a b", "ä", &"x".repeat(256)] {
        let log = failed_start(MESSAGE, &[("METRICS_NAMESPACE", namespace)]).await;
        assert!(log.contains("the environment variable METRICS_NAMESPACE must have at most 255 letters"), "{log}");
    }
}
