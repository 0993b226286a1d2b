//! One test per row of the table of statuses (InvokeAgentRuntime errors).

use agentcore_gateway::agent::InvokeError;

use super::{container, error, runtime};
use crate::support::agent::{FakeAgent, Script};
use crate::support::gzip;

/// What a client makes of an answer, be the agent a container or a runtime.
async fn told(answer: impl Fn() -> Script) -> InvokeError {
    let agent = FakeAgent::sequence([answer(), answer()]).await;
    let plain = error(&container(&agent.url())).await;
    assert_eq!(error(&runtime(&agent.url())).await, plain);
    plain
}

async fn told_of(status: u16, body: &str) -> InvokeError {
    told(|| Script::status(status, body)).await
}

fn conflict(words: &str) -> InvokeError {
    InvokeError::Conflict(words.to_owned())
}

#[tokio::test]
async fn status_400_is_an_invalid_request_with_the_agents_words() {
    let invalid = |message: &str| InvokeError::Invalid { status: 400, message: message.to_owned() };
    assert_eq!(told_of(400, r#"{"message":"1 validation error"}"#).await, invalid("1 validation error"));
    assert_eq!(told_of(400, r#"{"error":"Invalid JSON","details":"x"}"#).await, invalid("Invalid JSON"));
    assert_eq!(told_of(400, r#"{"code":400,"__type":1,"message":"numbers"}"#).await, invalid("numbers"));
}

#[tokio::test]
async fn status_402_is_a_quota() {
    assert_eq!(told_of(402, r#"{"__type":"ServiceQuotaExceededException"}"#).await, InvokeError::QuotaExceeded);
}

#[tokio::test]
async fn status_401_and_403_deny_access() {
    assert_eq!(
        told_of(403, r#"{"message":"arn:aws:iam::1:user/x is not authorized"}"#).await,
        InvokeError::AccessDenied
    );
    assert_eq!(told_of(401, "").await, InvokeError::AccessDenied);
}

#[tokio::test]
async fn status_404_is_not_found() {
    assert_eq!(told_of(404, r#"{"__type":"ResourceNotFoundException"}"#).await, InvokeError::NotFound);
}

#[tokio::test]
async fn status_409_with_the_retryable_code_in_the_header_is_retryable() {
    let codes = [
        "RetryableConflictException",
        "RetryableConflictException:http://internal.amazon.com/coral/com.amazon.bedrock/",
        "com.amazonaws.bedrockagentcore#RetryableConflictException",
        "com.amazonaws.bedrockagentcore#RetryableConflictException:http://internal.amazon.com/",
    ];
    for code in codes {
        let answer = || Script::status(409, "{}").with_header("x-amzn-ErrorType", code);
        assert_eq!(told(answer).await, InvokeError::RetryableConflict, "{code}");
    }
}

#[tokio::test]
async fn status_409_with_the_retryable_code_in_the_body_is_retryable() {
    for member in ["code", "__type"] {
        for code in ["RetryableConflictException", "a.b#RetryableConflictException", "RetryableConflictException:x"] {
            let body = format!(r#"{{"{member}":"{code}","message":"Session operation in progress, please retry"}}"#);
            assert_eq!(told_of(409, &body).await, InvokeError::RetryableConflict, "{body}");
        }
    }
}

#[tokio::test]
async fn any_other_status_409_is_a_conflict_with_the_agents_words() {
    assert_eq!(told_of(409, r#"{"code":"ConflictException","message":"no"}"#).await, conflict("no"));
    assert_eq!(
        told_of(409, r#"{"message":"RetryableConflictException"}"#).await,
        conflict("RetryableConflictException")
    );
    for code in ["ConflictException", "NotRetryableConflictException", "RetryableConflictException2", ""] {
        let answer = || Script::status(409, r#"{"message":"no"}"#).with_header("x-amzn-errortype", code);
        assert_eq!(told(answer).await, conflict("no"), "{code}");
    }
}

#[tokio::test]
async fn the_code_in_the_header_counts_before_the_one_in_the_body() {
    let body = r#"{"code":"RetryableConflictException","__type":"RetryableConflictException","message":"no"}"#;
    let answer = || Script::status(409, body).with_header("x-amzn-errortype", "ConflictException");
    assert_eq!(told(answer).await, conflict("no"));
}

#[tokio::test]
async fn status_424_is_a_failure_of_the_agent_with_its_words() {
    let failed = |words: &str| InvokeError::AgentFailed(words.to_owned());
    assert_eq!(
        told_of(424, r#"{"message":"Received error (500) from runtime"}"#).await,
        failed("Received error (500) from runtime")
    );
    assert_eq!(told_of(424, r#"{"Message":"capital"}"#).await, failed("capital"));
    assert_eq!(told_of(424, r#"{"error":"boom"}"#).await, failed("boom"));
    assert_eq!(told_of(424, r#"{"message":null,"detail":[{"loc":["body"]}]}"#).await, failed(r#"[{"loc":["body"]}]"#));
}

#[tokio::test]
async fn the_agents_words_are_found_wherever_they_stand() {
    for (body, expected) in [
        (r#"{"error":{"message":"Bad model","type":"invalid_request_error"}}"#, "Bad model"),
        (r#"{"error":{"message":"","type":"t"}}"#, r#"{"message":"","type":"t"}"#),
        (r#"{"message":"","error":"real"}"#, "real"),
        (r#"{"message":"a","Message":"b"}"#, "a"),
        (r#"{"message":"a","message":"b"}"#, "b"),
        (r#"{"\ud800":1,"error":"a","error":"b"}"#, "b"),
        ("\"only words\"", "only words"),
        ("plain words\n", "plain words"),
        ("500 is what it says", "500 is what it says"),
    ] {
        assert_eq!(told_of(424, body).await, InvokeError::AgentFailed(expected.to_owned()), "{body}");
    }
    let twice = r#"{"__type":"RetryableConflictException","message":"m","Message":"M"}"#;
    assert_eq!(told_of(409, twice).await, InvokeError::RetryableConflict);
}

#[tokio::test]
async fn the_agents_words_are_cut_at_500_characters() {
    let words = "é".repeat(501);
    let body = format!(r#"{{"message":"{words}"}}"#);
    assert_eq!(told_of(424, &body).await, InvokeError::AgentFailed("é".repeat(500)));
}

#[tokio::test]
async fn an_error_without_words_has_a_sentence_of_ours() {
    for body in ["", "{}", "null", "[]", "<html>", " \n", "12", "[\"a\"]", r#"{"message":""}"#, r#"{"message":"\ud800"#]
    {
        let InvokeError::AgentFailed(words) = told_of(424, body).await else { panic!("not failed") };
        assert_eq!(words, "The agent reported an error.", "{body}");
    }
}

#[tokio::test]
async fn status_429_is_throttling() {
    assert_eq!(told_of(429, r#"{"__type":"ThrottlingException"}"#).await, InvokeError::Throttled);
}

#[tokio::test]
async fn statuses_of_the_platform_are_told_apart() {
    for status in [500, 502, 503, 504, 599] {
        assert_eq!(told_of(status, r#"{"message":"internal"}"#).await, InvokeError::Platform(status));
    }
}

#[tokio::test]
async fn other_statuses_that_blame_the_request_are_invalid() {
    for status in [405, 413, 415, 422] {
        let expected = InvokeError::Invalid { status, message: "why".to_owned() };
        assert_eq!(told_of(status, r#"{"message":"why"}"#).await, expected);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = FakeAgent::once(Script::json("1")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/invocations", target.url());
        let answer = || Script::status(status, "").with_header("location", &location);
        assert_eq!(told(answer).await, InvokeError::Unexpected(status));
    }
    assert_eq!(target.requests(), []);
}

#[tokio::test]
async fn an_error_that_is_encoded_is_told_in_its_words() {
    let body = gzip(r#"{"message":"no such model"}"#);
    let answer = || Script::status(424, body.clone()).with_header("content-encoding", "gzip");
    assert_eq!(told(answer).await, InvokeError::AgentFailed("no such model".to_owned()));
    let answer = || Script::status(429, body.clone()).with_header("content-encoding", "br");
    assert_eq!(told(answer).await, InvokeError::Throttled);
}

#[tokio::test]
async fn a_byte_order_mark_before_an_error_is_not_part_of_it() {
    assert_eq!(told_of(424, "\u{feff}{\"message\":\"no\"}").await, InvokeError::AgentFailed("no".to_owned()));
}

#[tokio::test]
async fn arns_and_account_ids_in_the_agents_words_are_masked() {
    let body = r#"{"message":"arn:aws:sts::123456789012:assumed-role/a/b of 123456789012 may not"}"#;
    assert_eq!(told_of(424, body).await, InvokeError::AgentFailed("*** of *** may not".to_owned()));
}

#[tokio::test]
async fn an_error_whose_body_breaks_off_is_told_by_its_status() {
    let answer = || Script::Raw(b"HTTP/1.1 429 Slow Down\r\ncontent-length: 100\r\n\r\n{\"mess".to_vec());
    assert_eq!(told(answer).await, InvokeError::Throttled);
}

#[tokio::test]
async fn an_error_with_a_huge_body_is_told_by_its_status() {
    let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(1_000_000));
    assert!(matches!(told_of(424, &body).await, InvokeError::AgentFailed(words) if words.len() < 600));
}

#[tokio::test]
async fn no_status_is_tried_twice_by_the_client() {
    for status in [400, 402, 409, 424, 429, 500, 502, 503, 504] {
        let agent = FakeAgent::sequence([Script::status(status, "{}"), Script::json("1")]).await;
        error(&container(&agent.url())).await;
        assert_eq!(agent.requests().len(), 1, "{status}");
    }
}
