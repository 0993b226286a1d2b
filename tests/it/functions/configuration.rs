//! A function that is told nonsense does not start, and its log names the variable and the rule.

use super::{CLOSER, CONNECTIONS, MESSAGE, RELAY, WORKER};
use crate::support::lambda::failed_start;

const AUTHORIZER: &str = env!("CARGO_BIN_EXE_authorizer");

/// What each function needs.
const NEEDS: [(&str, &[(&str, &str)]); 6] = [
    (
        CONNECTIONS,
        &[("AUTH", "jwt"), ("TABLE_NAME", "gateway"), ("MANAGEMENT_ENDPOINT", "https://a.example.com/default")],
    ),
    (
        MESSAGE,
        &[
            // The only one with which it needs the table.
            ("AUTH", "iam"),
            ("TABLE_NAME", "gateway"),
            ("PROMPTS_QUEUE_URL", "https://sqs.example.com/prompts.fifo"),
            ("AGENT_NAMES", "default"),
        ],
    ),
    (
        WORKER,
        &[
            ("TABLE_NAME", "gateway"),
            ("PROMPTS_QUEUE_URL", "https://sqs.example.com/prompts.fifo"),
            ("MANAGEMENT_ENDPOINT", "https://a.example.com/default"),
            ("AGENTS", "{}"),
        ],
    ),
    (
        CLOSER,
        &[
            ("TABLE_NAME", "gateway"),
            ("GIVEN_UP_QUEUE_URL", "https://sqs.example.com/given-up.fifo"),
            ("MANAGEMENT_ENDPOINT", "https://a.example.com/default"),
        ],
    ),
    (
        RELAY,
        &[
            ("TABLE_NAME", "gateway"),
            ("REPLIES_QUEUE_URL", "https://sqs.example.com/replies.fifo"),
            ("MANAGEMENT_ENDPOINT", "https://a.example.com/default"),
            ("AGENTS", "{}"),
        ],
    ),
    (AUTHORIZER, &[("JWT_ISSUER", "https://issuer.example.com"), ("JWT_AUDIENCES", "gateway")]),
];

/// An agent that may go on by itself.
const LONG_RUNS: (&str, &str) = (
    "AGENTS",
    r#"{"default": {"runtime_arn": "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/agent-0123456789", "long_runs": true}}"#,
);

/// What the worker needs besides, where an agent may.
const NEEDS_FOR_LONG_RUNS: [(&str, &str); 3] = [
    ("REPLIES_QUEUE_URL", "https://sqs.example.com/replies.fifo"),
    ("WATCH_QUEUE_URL", "https://sqs.example.com/watch"),
    ("AWS_REGION", "eu-central-1"),
];

/// Checks that `binary` does not start with `value` in `variable`, says so by `rule`, and does not show the value.
async fn assert_refuses(binary: &str, variable: &str, value: Option<&str>, rule: &str) {
    let (_, needs) = NEEDS.iter().find(|(needing, _)| *needing == binary).unwrap();
    let others = needs.iter().copied().filter(|(name, _)| *name != variable);
    let variables: Vec<_> = others.chain(value.map(|value| (variable, value))).collect();
    assert_refuses_all(binary, &variables, variable, rule).await;
}

/// Checks that `binary` does not start with `variables`, of which `variable` breaks `rule`.
async fn assert_refuses_all(binary: &str, variables: &[(&str, &str)], variable: &str, rule: &str) {
    let log = failed_start(binary, variables).await;
    let expected = format!("the environment variable {variable} must {rule}");
    assert!(log.contains(&expected), "{expected}: {log}");
    assert!(!log.contains("panicked") && !log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn each_variable_that_is_needed_is_asked_for() {
    for (binary, needs) in NEEDS {
        for (variable, _) in needs {
            let rule = if *variable == "AGENT_NAMES" { "be names separated by commas" } else { "be set" };
            assert_refuses(binary, variable, None, rule).await;
            assert_refuses(binary, variable, Some(" "), rule).await;
        }
    }
}

#[tokio::test]
async fn of_a_partition_that_is_not_known_the_end_of_host_names_is_asked_for() {
    let arn = "arn:aws-hunter2:bedrock-agentcore:eu-1:123456789012:runtime/a-0123456789";
    let agents = format!(r#"{{"default": {{"runtime_arn": "{arn}"}}}}"#);
    let (_, needs) = NEEDS.iter().find(|(needing, _)| *needing == WORKER).unwrap();
    let others = needs.iter().copied().filter(|(name, _)| *name != "AGENTS");
    let variables: Vec<_> = others.chain([("AGENTS", agents.as_str())]).collect();
    let rule = "be what host names end in where the runtime of default is";
    assert_refuses_all(WORKER, &variables, "DNS_SUFFIX", rule).await;
}

#[tokio::test]
async fn each_variable_that_breaks_its_rule_is_named_with_the_rule() {
    let (origins, seconds) = ("be origins such as https://app.example.com", "be a whole number of seconds above 0");
    let arn = "hold the ARN of an AgentCore runtime for default";
    let cases = [
        (CONNECTIONS, "ALLOWED_ORIGINS", "https://app.example.com/hunter2", origins),
        (CONNECTIONS, "ALLOWED_ORIGINS", "https://app.example.com, hunter2", origins),
        (CONNECTIONS, "REPLAY_WINDOW_SECONDS", "hunter2", seconds),
        (CONNECTIONS, "REPLAY_WINDOW_SECONDS", "0", seconds),
        (CONNECTIONS, "REPLAY_WINDOW_SECONDS", "86401", "be at most 86400 seconds"),
        (CONNECTIONS, "AUTH", "hunter2", "be jwt, iam or none"),
        (MESSAGE, "AUTH", "hunter2", "be jwt, iam or none"),
        (MESSAGE, "AUTH", "IAM", "be jwt, iam or none"),
        (MESSAGE, "AGENT_NAMES", "default,hunter2!", "be names separated by commas, each 1 to 64 characters"),
        (MESSAGE, "AGENT_NAMES", " , ", "be names separated by commas"),
        (WORKER, "AGENTS", "hunter2", "be a JSON object such as"),
        (WORKER, "AGENTS", r#"["hunter2"]"#, "be a JSON object such as"),
        (WORKER, "AGENTS", r#"{"default": {"arn": "a"}}"#, "be a JSON object such as"),
        (WORKER, "AGENTS", r#"{"a b": {"runtime_arn": "a"}}"#, "be a JSON object such as"),
        (WORKER, "AGENTS", r#"{"default": {"runtime_arn": "https://hunter2.example.com"}}"#, arn),
        (WORKER, "AGENTS", r#"{"default": {"runtime_arn": "arn:aws:bedrock-agentcore:hunter2"}}"#, arn),
        (WORKER, "AGENTCORE_ENDPOINT_URL", "hunter2", "be a URL"),
        (WORKER, "DNS_SUFFIX", "https://hunter2", "be the end of host names, such as amazonaws.com"),
        (WORKER, "DNS_SUFFIX", ".hunter2", "be the end of host names, such as amazonaws.com"),
        (RELAY, "DNS_SUFFIX", "hunter2:443", "be the end of host names, such as amazonaws.com"),
        (WORKER, "ON_STOP", "hunter2", "be stop-session or detach"),
        (WORKER, "RETRY_WINDOW_SECONDS", "-1", seconds),
        (WORKER, "SILENCE_LIMIT_SECONDS", "5m", seconds),
        (WORKER, "PUSH_INTERVAL_MS", "0.1", "be a whole number above 0"),
        (WORKER, "MAX_PUSH_INTERVAL_MS", "99", "be no less than PUSH_INTERVAL_MS"),
        (WORKER, "MAX_WAIT_SECONDS", "0", seconds),
        (WORKER, "MAX_WAIT_SECONDS", "86401", "be at most 86400 seconds"),
        (WORKER, "MAX_REPLY_BYTES", "32M", "be a whole number above 0"),
        (WORKER, "STOP_ABANDONED", "hunter2", "be true or false"),
        (WORKER, "MAX_RECEIVE_COUNT", "0", "be a whole number above 0"),
        (WORKER, "LONGEST_RUN_SECONDS", "0", seconds),
        (CLOSER, "MAX_RECEIVE_COUNT", "hunter2", "be a whole number above 0"),
        (CLOSER, "LONGEST_RUN_SECONDS", "15m", seconds),
        (CLOSER, "MAX_RUN_SECONDS", "8h", seconds),
        (CLOSER, "MAX_RUN_SECONDS", "28801", "be at most 28800 seconds"),
        (CLOSER, "ON_STOP", "hunter2", "be stop-session or detach"),
        (CONNECTIONS, "ON_STOP", "hunter2", "be stop-session or detach"),
        (WORKER, "AGENTS", r#"{"default": {"runtime_arn": "a", "long_runs": 1}}"#, "be a JSON object such as"),
        (RELAY, "AGENTS", "hunter2", "be a JSON object such as"),
        (RELAY, "AGENTS", r#"{"default": {"runtime_arn": "arn:aws:bedrock-agentcore:hunter2"}}"#, arn),
        (RELAY, "AGENTCORE_ENDPOINT_URL", "hunter2", "be a URL"),
        (RELAY, "MAX_RUN_SECONDS", "0", seconds),
        (RELAY, "MAX_RUN_SECONDS", "28801", "be at most 28800 seconds"),
        (RELAY, "MAX_REPLY_BYTES", "32M", "be a whole number above 0"),
        (RELAY, "ON_STOP", "hunter2", "be stop-session or detach"),
        (RELAY, "STOP_ABANDONED", "hunter2", "be true or false"),
    ];
    for (binary, variable, value, rule) in cases {
        assert_refuses(binary, variable, Some(value), rule).await;
    }
}

#[tokio::test]
async fn a_worker_is_asked_where_replies_go_if_an_agent_may_go_on_by_itself() {
    let (_, needs) = NEEDS.iter().find(|(needing, _)| *needing == WORKER).unwrap();
    let needs = needs.iter().copied().filter(|(name, _)| *name != "AGENTS").chain([LONG_RUNS]);
    let needs: Vec<_> = needs.chain(NEEDS_FOR_LONG_RUNS).collect();
    for (variable, _) in NEEDS_FOR_LONG_RUNS {
        let variables: Vec<_> = needs.iter().copied().filter(|(name, _)| *name != variable).collect();
        assert_refuses_all(WORKER, &variables, variable, "be set").await;
    }
}

#[tokio::test]
async fn whoever_ends_runs_says_what_is_wrong_with_its_event_bus() {
    for binary in [WORKER, RELAY, CLOSER, CONNECTIONS] {
        let (_, needs) = NEEDS.iter().find(|(needing, _)| *needing == binary).unwrap();
        let variables = [needs, &[("AWS_REGION", "eu-central-1"), ("EVENT_BUS_ARN", "hunter2")][..]].concat();
        let rule = "be the ARN of an event bus, arn:aws:events:";
        assert_refuses_all(binary, &variables, "EVENT_BUS_ARN", rule).await;
    }
}

#[tokio::test]
async fn where_uploads_are_and_how_large_they_may_be_is_checked_by_who_offers_and_by_who_reads_them() {
    let (url, base) = ("https://b.s3.eu-central-1.amazonaws.com", "be the http(s):// URL of a bucket");
    for binary in [CONNECTIONS, WORKER] {
        let (_, needs) = NEEDS.iter().find(|(needing, _)| *needing == binary).unwrap();
        let refuses = async |more: &[(&str, &str)], variable: &str, rule: &str| {
            let variables: Vec<_> = needs.iter().copied().chain(more.iter().copied()).collect();
            assert_refuses_all(binary, &variables, variable, rule).await;
        };
        for wrong in ["hunter2", "s3://hunter2", "https://b.example.com/?hunter2", "https://b.example.com/#hunter2"] {
            refuses(&[("UPLOADS_URL", wrong), ("AWS_REGION", "eu-central-1")], "UPLOADS_URL", base).await;
        }
        for wrong in ["0", "20M"] {
            let more = [("UPLOADS_URL", url), ("AWS_REGION", "eu-central-1"), ("MAX_UPLOAD_BYTES", wrong)];
            refuses(&more, "MAX_UPLOAD_BYTES", "be a whole number above 0").await;
        }
    }
}
