//! Sending to the queue, and hiding a message in it.

use std::time::Duration;

use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::protocol::invocation::{PromptBody, PromptContent};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::sqs::SqsQueue;
use agentcore_gateway::queue::watch::Watch;
use agentcore_gateway::queue::{Prompts, QueueError, Visibility, Watches};
use agentcore_gateway::trace::TraceContext;
use aws_sdk_sqs::Client;
use serde_json::json;

use super::{NOW, connection, run};
use crate::support::agent::{FakeAgent, Script};
use crate::support::aws::{ATTEMPTS, answer, body, config, failure, operation};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/prompts.fifo";

async fn queue(scripts: impl IntoIterator<Item = Script>) -> (FakeAgent, SqsQueue) {
    let endpoint = FakeAgent::sequence(scripts).await;
    let client = Client::new(&config(&endpoint.url()));
    (endpoint, SqsQueue::new(client, URL))
}

fn prompt() -> QueuedPrompt {
    QueuedPrompt {
        run: run(),
        connection: connection(),
        agent: AgentName::default_agent(),
        received_at: NOW,
        trace: TraceContext::default(),
        body: PromptContent::Given(PromptBody::text("Grüße \u{ffff}")),
    }
}

#[tokio::test]
async fn a_prompt_is_sent_with_the_group_of_its_session_and_the_deduplication_id_of_its_request() {
    let (endpoint, queue) = queue([answer(&json!({"MessageId": "m-1", "SequenceNumber": "1"}))]).await;
    Prompts::send(&queue, &prompt()).await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "SendMessage");
    let expected = json!({
        "QueueUrl": URL,
        "MessageBody": concat!(
            r#"{"type":"prompt","version":1,"principal":"auth0|ada","sessionId":"travel #1","requestId":"r-1","#,
            r#""connectionId":"L0SM9cOFvHcCIhw=","agent":"default","receivedAt":1790000000500,"trace":{},"#,
            r#""prompt":"Grüße \uffff"}"#,
        ),
        // `printf 'auth0|ada\0travel #1' | sha256sum`, and with `\0r-1` behind it.
        "MessageGroupId": "9ce82f4231a01ad98f2872ef4da519f80fee2a3eaa9d0fce8ac5c8a0b38658fb",
        "MessageDeduplicationId": "3924974577237f02bb48c7997f2fbb7d9cd9aca0fbfcd8003858a8e599f39a9c",
    });
    assert_eq!(body(&sent), expected);
}

#[tokio::test]
async fn a_message_belongs_to_the_trace_of_its_prompt_if_x_ray_has_decided_about_that() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let decided = |decision: &str| Some(format!("{root};Parent=53995c3f42cd8ad8;{decision};Lineage=1:a87bd80c:0"));
    for (xray, is_passed) in [
        (decided("Sampled=1"), true),
        (decided("Sampled=0"), true),
        (decided("Sampled=?"), false),
        (Some(root.to_owned()), false),
        (None, false),
    ] {
        let (endpoint, queue) = queue([answer(&json!({"MessageId": "m-1", "SequenceNumber": "1"}))]).await;
        let trace = TraceContext { traceparent: None, xray: xray.clone() };
        Prompts::send(&queue, &QueuedPrompt { trace, ..prompt() }).await.unwrap();
        let header = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": xray}});
        let expected = if is_passed { header } else { json!(null) };
        assert_eq!(body(&endpoint.only_request())["MessageSystemAttributes"], expected, "{xray:?}");
    }
}

#[tokio::test]
async fn a_run_to_look_after_comes_first_after_five_minutes() {
    let (endpoint, queue) = queue([answer(&json!({"MessageId": "m-1"}))]).await;
    Watches::send(&queue, &Watch { run: run() }).await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "SendMessage");
    let expected = json!({
        "QueueUrl": URL,
        "MessageBody":
            r#"{"type":"watch","version":1,"principal":"auth0|ada","sessionId":"travel #1","requestId":"r-1"}"#,
        "DelaySeconds": 300,
    });
    assert_eq!(body(&sent), expected);
}

#[tokio::test]
async fn a_message_is_hidden_for_whole_seconds() {
    let (endpoint, queue) = queue([answer(&json!({}))]).await;
    queue.extend("receipt==", Duration::from_millis(60_900)).await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "ChangeMessageVisibility");
    assert_eq!(body(&sent), json!({"QueueUrl": URL, "ReceiptHandle": "receipt==", "VisibilityTimeout": 60}));
}

#[tokio::test]
async fn a_message_is_deleted_by_its_receipt() {
    let (endpoint, queue) = queue([answer(&json!({}))]).await;
    queue.delete("receipt==").await.unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "DeleteMessage");
    assert_eq!(body(&sent), json!({"QueueUrl": URL, "ReceiptHandle": "receipt=="}));
}

#[tokio::test]
async fn a_queue_that_wants_less_is_throttled_once_the_sdk_has_tried_enough() {
    for code in ["RequestThrottled", "ThrottlingException", "KmsThrottled"] {
        let (endpoint, queue) = queue((0..ATTEMPTS).map(|_| failure(400, code))).await;
        assert_eq!(Prompts::send(&queue, &prompt()).await, Err(QueueError::Throttled), "{code}");
        // A deduplication id makes a prompt that is sent again the same message.
        let attempts = endpoint.requests();
        assert!(attempts.windows(2).all(|pair| pair[0].body == pair[1].body), "{code}");
    }
}

#[tokio::test]
async fn any_other_error_of_the_queue_is_an_outage_that_names_it() {
    for (status, code) in [(400, "QueueDoesNotExist"), (403, "AccessDeniedException"), (400, "InvalidMessageContents")]
    {
        let (endpoint, queue) = queue([failure(status, code)]).await;
        let error = Prompts::send(&queue, &prompt()).await.unwrap_err();
        assert!(matches!(&error, QueueError::Unavailable(text) if text.contains(code)), "{error}");
        endpoint.only_request();
    }
    let (endpoint, queue) = queue([failure(400, "ReceiptHandleIsInvalid")]).await;
    let error = queue.extend("stale", Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(&error, QueueError::Unavailable(text) if text.contains("ReceiptHandleIsInvalid")), "{error}");
    endpoint.only_request();
}
