//! When the events of a stream report a failure, and in whose words.

use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::report::{NotWhole, Reports};

/// The agent's words if the run has failed with this event, whatever comes behind it.
fn failure(data: &str) -> Option<String> {
    Reports::default().take(&Event::from_data(data))
}

/// An event: its data, behind its name and a bar if it has one.
fn event(shown: &str) -> Event {
    match shown.split_once('|') {
        Some(("error", "")) => Event::error_without_data(),
        Some((name, data)) => Event::from_data(data).named(name),
        None => Event::from_data(shown),
    }
}

/// What a stream of these events is, none of which ends it at once.
fn end(events: &[&str]) -> Result<(), NotWhole> {
    let mut reports = Reports::default();
    for shown in events {
        assert_eq!(reports.take(&event(shown)), None, "{shown}");
    }
    reports.end()
}

fn failed(words: &str) -> Result<(), NotWhole> {
    Err(NotWhole::Failed(words.to_owned()))
}

const NO_WORDS: &str = "The agent reported an error.";

/// Failures in mid-stream, as frameworks send them, and the words in them.
const FAILURES: [(&str, &str); 27] = [
    // Anthropic
    (r#"error|{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "Overloaded"),
    (
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
        "Overloaded",
    ),
    // OpenAI, and those who do as it does
    (r#"{"error":{"message":"quota","type":"insufficient_quota","param":null,"code":"q"}}"#, "quota"),
    (
        r#"{"id":"g","object":"chat.completion.chunk","created":1,"model":"m","provider":"p","error":{"code":502,"message":"upstream"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
        "upstream",
    ),
    (r#"{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}"#, "too long"),
    (r#"{"error":"model not loaded"}"#, "model not loaded"),
    (r#"{"error":{"code":-32000,"message":"rpc"},"jsonrpc":"2.0","id":1}"#, "rpc"),
    (r#"{"error":{"code":503}}"#, NO_WORDS),
    (r#"{"error":"e","status":500}"#, "e"),
    (r#"{"error":"e","trace_id":"t","requestId":"r","userId":1}"#, "e"),
    (r#"{"\u0065rror":"e"}"#, "e"),
    // OpenAI Responses
    (
        r#"response.failed|{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"sorry"}}}"#,
        "sorry",
    ),
    (
        r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null,"sequence_number":3}"#,
        "slow down",
    ),
    (r#"{"type":"response.mcp_call.failed","item_id":"m","output_index":0}"#, NO_WORDS),
    (r#"{"type":"thread.run.error"}"#, NO_WORDS),
    // AI SDK
    (r#"{"type":"error","errorText":"no model"}"#, "no model"),
    // LangGraph, LangServe
    (r#"error|{"error":"ValueError","message":"bad state"}"#, "bad state"),
    (r#"error|{"status_code":500,"message":"Internal Server Error"}"#, "Internal Server Error"),
    (r#"error|{"anything":1}"#, NO_WORDS),
    // NestJS, and others that send no JSON
    ("error|connection to the model lost", "connection to the model lost"),
    (r#"error|"in quotes""#, "in quotes"),
    ("error|", NO_WORDS),
    ("error|[1]", NO_WORDS),
    ("error|null", NO_WORDS),
    // Where the words stand
    (r#"{"type":"error","message":"","errorText":"","error":{"message":"third"}}"#, "third"),
    (r#"{"type":"error","message":7,"errorText":null,"error":"fourth"}"#, "fourth"),
    (r#"{"type":"\u0065rror","message":"first","errorText":"second","error":"third"}"#, "first"),
];

#[test]
fn a_failure_that_is_the_last_event_is_the_streams() {
    for (event, words) in FAILURES {
        assert_eq!(end(&[event]), failed(words), "{event}");
        assert_eq!(end(&["\"Hello\"", r#"{"a":1}"#, event]), failed(words), "{event}");
    }
}

#[test]
fn an_agent_that_goes_on_has_survived() {
    let more =
        ["\"text\"", "{}", "1", r#"{"type":"text-delta","delta":"x"}"#, "", "updates|{}", r#"{"type":"done2"}"#, "[]"];
    for (failure, _) in FAILURES {
        for more in more {
            assert_eq!(end(&[failure, more]), Ok(()), "{failure}, {more}");
            assert_eq!(end(&[failure, more, "[DONE]", r#"{"type":"finish"}"#]), Ok(()), "{failure}, {more}");
        }
        assert_eq!(end(&[failure, "1", "error|again"]), failed("again"), "{failure}");
    }
}

#[test]
fn end_marks_behind_a_failure_do_not_hide_it() {
    let marks = [
        "[DONE]",
        "\"[DONE]\"",
        "done|{}",
        "end|1",
        r#"{"type":"done"}"#,
        r#"{"type":"end","x":1}"#,
        r#"{"type":"finish"}"#,
        r#"{"type":"finish-step"}"#,
        r#"{"type":"message-metadata","messageMetadata":{}}"#,
        r#"{"type":"abort"}"#,
        r#"{"type":"message_stop"}"#,
    ];
    for (failure, words) in FAILURES {
        for mark in marks {
            assert_eq!(end(&[failure, mark]), failed(words), "{failure}, {mark}");
        }
        assert_eq!(end(&[&[failure], &marks[..]].concat()), failed(words), "{failure}");
    }
    assert_eq!(end(&marks), Ok(()), "they are no failures");
    for no_mark in
        ["Done|1", "ends|1", r#"{"type":"Done"}"#, r#"{"type":["done"]}"#, "[done]", r#"["[DONE]"]"#, r#"{"end":1}"#]
    {
        assert_eq!(end(&["error|x", no_mark]), Ok(()), "{no_mark}");
    }
}

#[test]
fn a_failure_is_one_though_it_is_called_an_end() {
    assert_eq!(end(&[r#"done|{"error":"e"}"#]), failed("e"));
    assert_eq!(end(&[r#"error|{"type":"done","message":"m"}"#, "[DONE]"]), failed("m"));
}

#[test]
fn a_second_failure_without_words_leaves_those_of_the_first() {
    assert_eq!(end(&["error|boom", "error|"]), failed("boom"));
    assert_eq!(end(&["error|boom", r#"{"type":"response.failed"}"#, "[DONE]"]), failed("boom"));
    assert_eq!(end(&["error|boom", "error|bang"]), failed("bang"));
    assert_eq!(end(&["error|boom", "1", "error|"]), failed(NO_WORDS));
}

#[test]
fn what_only_looks_like_a_failure_is_none() {
    for event in [
        // A tool's error, which the agent survives, and may end with.
        r#"{"type":"tool-output-error","toolCallId":"t","errorText":"no such file"}"#,
        r#"{"type":"tool_result","is_error":true,"content":"no such file"}"#,
        r#"{"error":"no such file","tool":"read"}"#,
        r#"{"error":"none","result":1}"#,
        r#"{"error":"e","error_type":"E"}"#,
        r#"{"error":"e","data":null}"#,
        r#"{"error":"e","Id_":1}"#,
        // Nothing went wrong.
        r#"{"error":null}"#,
        r#"{"error":""}"#,
        r#"{"error":{}}"#,
        r#"{"error":{ }}"#,
        r#"{"error":false}"#,
        r#"{"error":0}"#,
        r#"{"error":["e"]}"#,
        r#"{"type":"response.completed","response":{"error":null}}"#,
        r#"{"type":"errors"}"#,
        r#"{"type":"Error"}"#,
        r#"{"type":"failed"}"#,
        r#"{"type":["error"]}"#,
        r#"{"object":"error.log"}"#,
        r#"[{"error":"e"}]"#,
        r#""{\"error\":\"e\"}""#,
        r#"{"event":{"type":"error"}}"#,
        "Error|x",
        "errors|x",
        r#"updates|{"errors":["e"]}"#,
        r#"{"a":"\ud800"}"#,
    ] {
        assert_eq!(end(&["1", event]), Ok(()), "{event}");
    }
}

#[test]
fn a_name_that_is_no_unicode_does_not_hide_a_failure() {
    assert_eq!(end(&[r#"{"\ud800_id":1,"error":"e"}"#]), failed("e"));
    assert_eq!(end(&[r#"{"\ud800":1,"type":"error","message":"m"}"#]), failed("m"));
}

#[test]
fn a_stream_of_ag_ui_that_does_not_finish_has_broken_off() {
    let (started, finished) = (r#"{"type":"RUN_STARTED","threadId":"t","runId":"r"}"#, r#"{"type":"RUN_FINISHED"}"#);
    let text = r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}"#;
    let broken = || Err(NotWhole::BrokenOff);
    assert_eq!(end(&[started]), broken());
    assert_eq!(end(&[started, text]), broken());
    assert_eq!(end(&["\"before it\"", started, text, "[DONE]"]), broken(), "the first object counts");
    assert_eq!(end(&[started, text, finished]), Ok(()));
    assert_eq!(end(&[started, finished, "[DONE]", text]), Ok(()));
    assert_eq!(end(&[started, finished, started, text]), broken(), "another run in the same stream");
    assert_eq!(end(&[started, finished, started, finished]), Ok(()));
    assert_eq!(end(&[text, started]), Ok(()), "its first object is another");
    assert_eq!(end(&["[1]", r#"{"a":1}"#, started]), Ok(()));
    assert_eq!(end(&[started, "error|boom"]), failed("boom"), "it said why");
    assert_eq!(end(&[started, "error|boom", text]), broken());
    assert_eq!(end(&[]), Ok(()));
    let mut reports = Reports::default();
    assert_eq!(reports.take(&event(started)), None);
    assert_eq!(reports.take(&event(r#"{"type":"RUN_ERROR","message":"no"}"#)), Some("no".to_owned()));
}

#[test]
fn the_error_event_of_the_python_sdk_is_a_failure() {
    let event = r#"{"error": "boom é", "error_type": "ValueError", "message": "An error occurred during streaming"}"#;
    assert_eq!(failure(event), Some("boom é".to_owned()));
    assert_eq!(failure(r#"{"more":1,"message":"m","error_type":"E","error":{"a":1}}"#), Some(r#"{"a":1}"#.to_owned()));
}

#[test]
fn all_three_of_its_members_are_a_failure_whatever_their_values() {
    for value in ["null", "\"\"", "[]", "0", "{}"] {
        let event = format!(r#"{{"error":{value},"error_type":{value},"message":{value}}}"#);
        assert!(failure(&event).is_some_and(|words| !words.is_empty()), "{event}");
    }
}

#[test]
fn two_of_its_three_members_do_not_end_a_stream_at_once() {
    for event in [
        r#"{"error":"e","error_type":"E"}"#,
        r#"{"error":"e","message":"m"}"#,
        r#"{"error_type":"E","message":"m"}"#,
        r#"{"event":{"error":"e","error_type":"E","message":"m"}}"#,
        r#"[{"error":"e","error_type":"E","message":"m"}]"#,
        r#""{\"error\":\"e\",\"error_type\":\"E\",\"message\":\"m\"}""#,
    ] {
        assert_eq!(failure(event), None, "{event}");
    }
}

#[test]
fn run_error_of_ag_ui_is_a_failure() {
    assert_eq!(failure(r#"{"type":"RUN_ERROR","message":"no","code":"x"}"#), Some("no".to_owned()));
    assert!(failure(r#"{"type":"RUN_ERROR"}"#).is_some_and(|words| !words.is_empty()));
    for event in [r#"{"type":"RUN_FINISHED"}"#, r#"{"type":"run_error","message":"no"}"#, r#"{"type":["RUN_ERROR"]}"#] {
        assert_eq!(failure(event), None, "{event}");
    }
}

#[test]
fn the_agents_own_words_are_cut_at_500_characters() {
    let event = |words: &str| format!(r#"{{"type":"RUN_ERROR","message":"{words}"}}"#);
    assert_eq!(failure(&event(&"é".repeat(500))), Some("é".repeat(500)));
    assert_eq!(failure(&event(&"é".repeat(501))), Some("é".repeat(500)));
}

#[test]
fn the_words_of_the_sdks_error_event_are_its_error_if_it_has_one() {
    let event = |error: &str| format!(r#"{{"error":{error},"error_type":"E","message":"An error occurred"}}"#);
    assert_eq!(failure(&event("\"boom\"")), Some("boom".to_owned()));
    for nothing in ["\"\"", "null"] {
        assert_eq!(failure(&event(nothing)), Some("An error occurred".to_owned()));
    }
}

#[test]
fn arns_and_account_ids_are_masked() {
    let cases = [
        (
            "User: arn:aws:sts::123456789012:assumed-role/agent/session-1 is not authorized to perform: bedrock:InvokeModel \
             on resource: arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1 because no policy allows it",
            "User: *** is not authorized to perform: bedrock:InvokeModel on resource: *** because no policy allows it",
        ),
        ("role 'arn:aws-us-gov:iam::123456789012:role/path/x+y=z@w' failed", "role '***' failed"),
        ("(arn:aws-cn:s3:::bucket/key*)", "(***)"),
        ("roleArn=ARN:AWS:iam::123456789012:role/x,next", "roleArn=***,next"),
        (
            "POST /runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fx-1 failed",
            "POST /runtimes/*** failed",
        ),
        ("/runtimes/arn%3aaws%3aecs%3aus-west-2%3a123456789012%3ax?q", "/runtimes/***"),
        ("arn:aws:iam::123456789012:role/a\narn:aws:iam::123456789012:role/b", "***\n***"),
        ("account 123456789012 is suspended", "account *** is suspended"),
        ("of 123456789012", "of ***"),
        (
            "cdk-assets-123456789012-us-east-1, 210987654321.dkr.ecr.us-east-1.amazonaws.com",
            "cdk-assets-***-us-east-1, ***.dkr.ecr.us-east-1.amazonaws.com",
        ),
        ("acct123456789012é", "acct***é"),
        // Neither of them.
        ("1234567890123 12345678901 4111111111111111", "1234567890123 12345678901 4111111111111111"),
        ("learn: always; arn:other:thing; arnaws:iam; arn:aws", "learn: always; arn:other:thing; arnaws:iam; arn:aws"),
        ("barn", "barn"),
    ];
    for (said, told) in cases {
        assert_eq!(end(&[&format!("error|{said}")]), failed(told));
        let event = serde_json::json!({"error": said, "error_type": "E", "message": "m"}).to_string();
        assert_eq!(failure(&event), Some(told.to_owned()));
    }
    let nested =
        r#"{"error":{"role":"arn:aws:iam::123456789012:role\/x","id":"123456789012"},"error_type":1,"message":1}"#;
    assert_eq!(failure(nested), Some(r#"{"role":"***","id":"***"}"#.to_owned()));
}

#[test]
fn what_is_masked_is_not_uncovered_by_the_cut() {
    for before in 480..=500 {
        for secret in ["123456789012", "arn:aws:iam::123456789012:role/x"] {
            let words =
                failure(&format!(r#"{{"type":"RUN_ERROR","message":"{}{secret} end"}}"#, "é".repeat(before))).unwrap();
            assert!(words.chars().count() <= 500);
            assert_eq!(words, format!("{}*** end", "é".repeat(before)).chars().take(500).collect::<String>());
        }
    }
}

#[test]
fn empty_words_are_replaced() {
    for words in [r#""""#, "null"] {
        let words = failure(&format!(r#"{{"type":"RUN_ERROR","message":{words}}}"#)).unwrap();
        assert!(words.len() > 4, "{words:?}");
    }
}
