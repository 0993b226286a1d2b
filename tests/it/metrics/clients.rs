//! Connections, messages, resumes and uploads.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::uploads::{FetchError, UploadOffers, UploadRoom};
use serde_json::json;

use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::measured::Measured;
use crate::support::push::Manner;
use crate::support::scripted::{ScriptedAgents, stream};
use crate::support::uploads::RecordingUploads;
use crate::worker::runs::prompt;

const SECOND: Duration = Duration::from_secs(1);

fn engine() -> Engine {
    Engine::new(ScriptedAgents::new(|_, _| stream(0..5, SECOND)))
}

#[tokio::test(start_paused = true)]
async fn connections_count_and_refused_ones_by_their_status() {
    let measured = Measured::begin();
    let mut engine = engine();
    engine.connect("c", None).await;
    engine.connect("d", Some("s")).await;
    engine.connect("e", Some("")).await;
    engine.connections.origins = AllowedOrigins::List(Vec::new());
    let mut event = crate::support::engine::event_as("anonymous", "$connect", "f", String::new());
    event.headers.insert("origin", "https://evil.example".parse().unwrap());
    engine.handle(event).await;
    assert_eq!(measured.of("connections_opened_total"), 2.0);
    assert_eq!(measured.of(r#"connections_refused_total{status="400"}"#), 1.0);
    assert_eq!(measured.of(r#"connections_refused_total{status="403"}"#), 1.0);
}

#[tokio::test(start_paused = true)]
async fn rejected_messages_count_by_code_on_both_ways() {
    let measured = Measured::begin();
    let engine = engine();
    engine.say("c", &json!({})).await;
    engine.say("c", &json!({"prompt": 1})).await;
    engine.say("c", &json!({"action": "stop", "sessionId": "s"})).await;
    assert_eq!(measured.of(r#"messages_rejected_total{code="invalid_request"}"#), 2.0);
    assert_eq!(measured.of(r#"messages_rejected_total{code="not_found"}"#), 1.0);
    assert_eq!(measured.of(r#"prompts_accepted_total{agent="default"}"#), 0.0);
}

#[tokio::test(start_paused = true)]
async fn resumes_count_and_the_frames_that_they_replay() {
    let measured = Measured::begin();
    let engine = engine();
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert_eq!(measured.of("frames_replayed_total"), 0.0);
    engine.say("d", &json!({"action": "resume", "sessionId": "s"})).await;
    let replayed = engine.frames("d", "r").len();
    assert!(replayed > 2);
    assert_eq!(measured.of("resumes_total"), 1.0);
    engine.push.set("e", Manner::Gone);
    engine.say("e", &json!({"action": "resume", "sessionId": "s"})).await;
    assert_eq!(measured.of("resumes_total"), 1.0, "nobody heard the answer");
    assert_eq!(measured.of("frames_replayed_total"), f64::from(u32::try_from(replayed).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn uploads_count_when_they_are_offered_and_when_they_are_wanted() {
    let measured = Measured::begin();
    let uploads = Arc::new(RecordingUploads::default());
    let room = UploadRoom { store: uploads.clone() as Arc<dyn agentcore_gateway::uploads::Uploads>, max_bytes: 1000 };
    let mut engine = Engine::with(ScriptedAgents::new(|_, _| stream([1], SECOND)), |tools| tools.uploads = Some(room));
    let store: Arc<dyn UploadOffers> = uploads.clone();
    engine.connections.uploads = Some(UploadRoom { store, max_bytes: 1000 });
    for body in [Some(r#"{"prompt":"hi"}"#), Some("nonsense"), None] {
        let offered = engine.say("c", &json!({"action": "upload", "bytes": 15})).await.unwrap();
        if let Some(body) = body {
            let (key, _) = uploads.offers().pop().unwrap();
            uploads.put(key, body.to_owned());
        }
        engine.say("c", &json!({"upload": offered["uploadId"], "sessionId": "s"})).await;
        assert!(engine.work_next().await);
        pass(1.0).await;
    }
    engine.say("c", &json!({"action": "upload", "bytes": 1001})).await;
    let offered = engine.say("c", &json!({"action": "upload", "bytes": 15})).await.unwrap();
    let (key, _) = uploads.offers().pop().unwrap();
    uploads.put(key, r#"{"prompt":"hi"}"#);
    uploads.fail(vec![FetchError::Unavailable("away".to_owned()); 2]);
    engine.say("c", &json!({"upload": offered["uploadId"], "sessionId": "s"})).await;
    assert!(engine.work_next().await);
    for (result, count) in [("offered", 4.0), ("read", 2.0), ("invalid", 2.0), ("unavailable", 2.0)] {
        assert_eq!(measured.of(&format!("uploads_total{{result=\"{result}\"}}")), count, "{result}");
    }
}
