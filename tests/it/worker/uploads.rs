//! Prompts that were uploaded: from the offer to the agent, and what may be wrong with them.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::protocol::ids::{Principal, UploadId};
use agentcore_gateway::uploads::{FetchError, OfferError, UploadKey, UploadOffers, UploadRoom, Uploads};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runs::prompt;
use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::scripted::{Script, ScriptedAgents, Step};
use crate::support::uploads::RecordingUploads;

const SECOND: Duration = Duration::from_secs(1);

const LIMIT: u64 = 1000;

struct Uploading {
    engine: Engine,
    uploads: Arc<RecordingUploads>,
}

impl Uploading {
    fn begin() -> Self {
        let uploads = Arc::new(RecordingUploads::default());
        let store: Arc<dyn Uploads> = uploads.clone();
        let agents = ScriptedAgents::new(|_, _| Script::Reply(vec![]));
        let mut engine = Engine::with(agents, |tools| tools.uploads = Some(UploadRoom { store, max_bytes: LIMIT }));
        let store: Arc<dyn UploadOffers> = uploads.clone();
        engine.connections.uploads = Some(UploadRoom { store, max_bytes: LIMIT });
        Self { engine, uploads }
    }

    /// Asks for an address, as connection `c`; the answer.
    async fn offer(&self, bytes: u64) -> Value {
        self.engine.say("c", &json!({"action": "upload", "bytes": bytes})).await.unwrap()
    }

    /// Uploads `body`; its id.
    async fn upload(&self, body: &str) -> String {
        let answer = self.offer(body.len() as u64).await;
        let (key, _) = self.uploads.offers().pop().unwrap();
        self.uploads.put(key, body.to_owned());
        answer["uploadId"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, request: &str, upload: &str) {
        let message = json!({"upload": upload, "sessionId": "s", "requestId": request});
        assert_eq!(self.engine.say("c", &message).await.unwrap()["type"], "accepted");
    }

    /// How a request for `body` ends.
    async fn ends(&self, request: &str, body: &str) -> Value {
        let upload = self.upload(body).await;
        self.ask(request, &upload).await;
        assert!(self.engine.work_next().await);
        self.engine.frames("c", request).pop().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_uploaded_reaches_the_agent_as_it_came() {
    let uploading = Uploading::begin();
    let input = r#"{ "z":1.00, "a":[1e2, "\u00e9é"], "a":2 }"#;
    assert_eq!(uploading.ends("r1", &format!(r#" {{"input" : {input}}} "#)).await["type"], "completed");
    let text = r#"{"parameters":{"n":12345678901234567890123, "media":{"data":"AAAA"}},"prompt":"a\u00e9\n"}"#;
    assert_eq!(uploading.ends("r2", text).await["type"], "completed");
    let calls = uploading.engine.agents.calls();
    assert_eq!(&*calls[0].body, input);
    let session = &calls[1].runtime_session;
    let expected = format!(
        r#"{{"prompt":"a\u00e9\n","sessionId":"{session}","requestId":"r2","n":12345678901234567890123, "media":{{"data":"AAAA"}}}}"#
    );
    assert_eq!(&*calls[1].body, expected);
}

#[tokio::test(start_paused = true)]
async fn an_upload_can_be_used_by_any_number_of_requests() {
    let uploading = Uploading::begin();
    let upload = uploading.upload(r#"{"prompt":"again"}"#).await;
    for request in ["r1", "r2"] {
        uploading.ask(request, &upload).await;
        assert!(uploading.engine.work_next().await);
        assert_eq!(uploading.engine.frames("c", request).pop().unwrap()["type"], "completed");
    }
    assert_eq!(uploading.engine.agents.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_ends_the_run_with_its_name() {
    let broken = [
        ("{", "The upload is not valid JSON (line 1, column 1)."),
        ("[]", "The upload must be a JSON object."),
        ("{}", "The upload must hold \"prompt\" or \"input\"."),
        (r#"{"prompt":" \n"}"#, "\"prompt\" must hold more than white space."),
        (r#"{"prompt":7}"#, "\"prompt\" must be a string."),
        (r#"{"prompt":"x","prompt":"y"}"#, "\"prompt\" must be given only once."),
        (r#"{"prompt":"\ud800"}"#, "\"prompt\" holds a string that is not valid Unicode."),
        (r#"{"input":[]}"#, "\"input\" must be an object."),
        (r#"{"input":{"gatewayReply":1}}"#, "\"input\" must not hold \"gatewayReply\"."),
        (r#"{"input":{},"prompt":"x"}"#, "Exactly one of \"prompt\" and \"input\" must be given, not both."),
        (r#"{"input":{},"parameters":{}}"#, "\"parameters\" must go with \"prompt\", not with \"input\"."),
        (
            r#"{"prompt":"x","parameters":{"requestId":1}}"#,
            "\"parameters\" must not hold \"prompt\", \"sessionId\", \"requestId\", \"reply\", \"gatewayReply\".",
        ),
        (
            r#"{"prompt":"x","sessionId":"other"}"#,
            "The upload must not hold \"sessionId\": \"prompt\" and \"parameters\", or \"input\", are all it may hold.",
        ),
        (
            r#"{"prompt":"x","images":[]}"#,
            "The upload must not hold \"images\": \"prompt\" and \"parameters\", or \"input\", are all it may hold.",
        ),
    ];
    let uploading = Uploading::begin();
    for (at, (body, rule)) in broken.into_iter().enumerate() {
        let ending = uploading.ends(&format!("r{at}"), body).await;
        assert_eq!((&ending["type"], &ending["code"]), (&json!("failed"), &json!("invalid_upload")), "{body}");
        assert_eq!((&ending["message"], &ending["retryable"]), (&json!(rule), &json!(false)), "{body}");
        assert_eq!(ending["seq"], 1);
    }
    assert!(uploading.engine.agents.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_text_or_too_long_or_not_there_is_final() {
    let uploading = Uploading::begin();
    let answers = [
        (Some(vec![b'"', 0xff, b'"']), "The upload must be text in UTF-8."),
        (Some(vec![b' '; 1001]), "The upload must have at most 1000 bytes."),
        (None, "\"upload\" must name what you have uploaded within the last day."),
    ];
    for (at, (body, message)) in answers.into_iter().enumerate() {
        let upload = uploading.offer(10).await["uploadId"].as_str().unwrap().to_owned();
        if let Some(body) = body {
            uploading.uploads.put(uploading.uploads.offers().pop().unwrap().0, body);
        }
        let request = format!("r{at}");
        uploading.ask(&request, &upload).await;
        assert!(uploading.engine.work_next().await);
        let ending = uploading.engine.frames("c", &request).pop().unwrap();
        assert_eq!((&ending["code"], &ending["message"]), (&json!("invalid_upload"), &json!(message)));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_can_name_what_another_has_uploaded() {
    let uploading = Uploading::begin();
    let upload = UploadId::parse("known").unwrap();
    let mallory = Principal::parse("mallory").unwrap();
    uploading.uploads.put(UploadKey { principal: mallory, upload }, r#"{"prompt":"mine"}"#);
    uploading.ask("r", "known").await;
    assert!(uploading.engine.work_next().await);
    assert_eq!(uploading.engine.frames("c", "r").pop().unwrap()["code"], "invalid_upload");
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_reach_for_a_while_is_had_all_the_same() {
    let uploading = Uploading::begin();
    let upload = uploading.upload(r#"{"prompt":"x"}"#).await;
    uploading.uploads.fail(vec![FetchError::Unavailable("503".to_owned()); 3]);
    uploading.ask("r", &upload).await;
    assert!(uploading.engine.work_next().await);
    assert_eq!(uploading.engine.frames("c", "r").pop().unwrap()["type"], "completed");
    assert_eq!(uploading.uploads.fetches(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_reach_for_long_comes_again_and_has_cost_nothing() {
    let uploading = Uploading::begin();
    let upload = uploading.upload(r#"{"prompt":"x"}"#).await;
    uploading.uploads.fail(vec![FetchError::Unavailable("503".to_owned()); 1000]);
    uploading.ask("r", &upload).await;
    let began = Instant::now();
    assert!(!uploading.engine.work_next().await, "its message comes again");
    assert!(began.elapsed() <= 60 * SECOND);
    assert!(uploading.engine.frames("c", "r").is_empty());
    assert_eq!(uploading.engine.session("s").await.active, None, "the session is free for nobody's harm");
    uploading.uploads.fail(Vec::new());
    assert!(uploading.engine.work_next().await);
    assert_eq!(uploading.engine.frames("c", "r").pop().unwrap()["type"], "completed");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_while_another_run_has_the_session() {
    let uploading = Uploading::begin();
    let agents = ScriptedAgents::new(|_, _| Script::Reply(vec![Step::Wait(30 * SECOND)]));
    let engine = Engine::with(agents, |tools| tools.uploads = uploading.engine.tools.uploads.clone());
    engine.say("c", &prompt("s", "first")).await;
    let first = engine.queue.receive().await;
    let working = tokio::spawn({
        let (engine, first) = (engine.clone(), first.clone());
        async move { engine.work(first).await }
    });
    pass(2.0).await;
    // Its message lapses, and the next one is taken.
    engine.queue.delete(&first.receipt);
    engine.say("c", &json!({"upload": "any", "sessionId": "s", "requestId": "r"})).await;
    assert!(!engine.work_next().await);
    assert_eq!(uploading.uploads.fetches(), 0);
    assert!(working.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_offer_names_an_upload_of_ones_own_that_nobody_guesses() {
    let uploading = Uploading::begin();
    let answer = uploading.offer(LIMIT).await;
    let (key, bytes) = uploading.uploads.offers().pop().unwrap();
    assert_eq!((key.principal.as_str(), bytes), ("anonymous", LIMIT));
    let id = answer["uploadId"].as_str().unwrap();
    assert_eq!((id, id.len()), (key.upload.as_str(), 32));
    let expected = json!({
        "type": "upload", "uploadId": id, "url": format!("https://uploads.test/{}", key.path()), "expiresInMs": 300_000,
    });
    assert_eq!(answer, expected);
    let other = uploading.offer(1).await;
    assert_ne!(other["uploadId"], id);
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_cannot_be_made_says_why() {
    let mut uploading = Uploading::begin();
    let refused = |answer: Value, code: &str, message: &str| {
        assert_eq!(
            (&answer["type"], &answer["code"], &answer["message"]),
            (&json!("rejected"), &json!(code), &json!(message))
        );
    };
    refused(uploading.offer(LIMIT + 1).await, "too_large", "\"bytes\" must be at most 1000.");
    refused(uploading.offer(0).await, "invalid_request", "\"bytes\" must be a whole number of at least 1.");
    uploading.uploads.refuse(OfferError::Full);
    refused(uploading.offer(1).await, "unavailable", "There is no room for more uploads; ask again later.");
    uploading.uploads.refuse(OfferError::Unavailable("no credentials".to_owned()));
    let message = json!({"action": "upload", "bytes": 1, "requestId": "mine"});
    let answer = uploading.engine.say("c", &message).await.unwrap();
    assert_eq!((&answer["requestId"], &answer["retryable"]), (&json!("mine"), &json!(true)));
    refused(answer, "unavailable", "No address for an upload could be made; ask again.");
    uploading.engine.connections.uploads = None;
    refused(
        uploading.offer(1).await,
        "invalid_request",
        "\"action\" must not be upload: this gateway takes no uploads.",
    );
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_uploads_a_prompt_that_names_one_fails() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| Script::Reply(vec![])));
    engine.say("c", &json!({"upload": "any", "sessionId": "s", "requestId": "r"})).await;
    assert!(engine.work_next().await);
    let ending = engine.frames("c", "r").pop().unwrap();
    assert_eq!(
        (&ending["code"], &ending["message"]),
        (&json!("invalid_upload"), &json!("\"upload\" must not be given: this gateway takes no uploads."))
    );
}
