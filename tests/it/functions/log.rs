//! The log of a function. Lambda drops lines that are less severe than it was told, and takes one without a time in RFC 3339
//! for INFO.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

use super::{MESSAGE, WORKER, event, start_with, willing};
use crate::support::agent::FakeAgent;
use crate::support::aws::failure;

/// The time of a line.
pub(super) fn time_of(line: &Value) -> DateTime {
    let time = line["timestamp"].as_str().unwrap_or_else(|| panic!("{line} has no time"));
    DateTime::from_str(time, Format::DateTime).unwrap_or_else(|error| panic!("{time}: {error}"))
}

#[tokio::test]
async fn each_line_of_a_json_log_has_its_time_and_its_level() {
    let began = DateTime::from(std::time::SystemTime::now());
    let aws = FakeAgent::start(|_| failure(400, "AWS.SimpleQueueService.NonExistentQueue")).await;
    let more = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let mut function = start_with(MESSAGE, &aws, &more).await;
    function.invoke(&event!("message")).await.unwrap();
    let log = function.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "a prompt was not queued"), "{log}");
    for line in &lines {
        assert_eq!(line["level"], "WARN", "{log}");
        assert!(time_of(line).secs() >= began.secs() && time_of(line).secs() < began.secs() + 60, "{log}");
    }
}

#[tokio::test]
async fn to_lines_of_text_lambda_adds_the_time() {
    let aws = FakeAgent::start(willing).await;
    let mut function = start_with(WORKER, &aws, &[("AWS_LAMBDA_LOG_FORMAT", "Text")]).await;
    let mut event = event!("prompts");
    event["Records"].as_array_mut().unwrap().remove(0);
    function.invoke(&event).await.unwrap();
    let log = function.stop();
    assert!(
        log.trim_start().starts_with("ERROR ") && log.contains("dropped a queue message that is no prompt"),
        "{log}"
    );
}
