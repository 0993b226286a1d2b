//! Runs, from the prompt to the ending.

use std::time::Duration;

use agentcore_gateway::agent::InvokeError;

use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::measured::Measured;
use crate::support::push::Manner;
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};
use crate::worker::runs::prompt;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_run_is_measured_from_the_prompt_to_the_ending() {
    let measured = Measured::begin();
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..5, 2 * SECOND)));
    engine.say("c", &prompt("s", "r")).await;
    pass(3.0).await;
    assert!(engine.work_next().await);
    for (series, value) in [
        (r#"prompts_accepted_total{agent="default"}"#, 1.0),
        ("prompt_wait_seconds_count", 1.0),
        ("prompt_wait_seconds_sum", 3.0),
        (r#"time_to_first_event_seconds_count{agent="default"}"#, 1.0),
        (r#"time_to_first_event_seconds_sum{agent="default"}"#, 2.0),
        (r#"run_duration_seconds_count{agent="default"}"#, 1.0),
        (r#"run_duration_seconds_sum{agent="default"}"#, 10.0),
        (r#"runs_ended_total{agent="default",outcome="completed"}"#, 1.0),
        ("events_total", 5.0),
        ("frames_total", 5.0),
    ] {
        assert!((measured.of(series) - value).abs() < 0.001, "{series}: {}", measured.text());
    }
    assert!(!measured.text().contains("runs_failed_total{"), "{}", measured.text());
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_has_its_code_and_each_try_that_a_quota_refused_counts() {
    let measured = Measured::begin();
    let engine = Engine::new(ScriptedAgents::new(|_, call| match call {
        0 => Script::Error(InvokeError::Throttled),
        1 => Script::Error(InvokeError::QuotaExceeded),
        // Its session is being made or torn down, which is no quota.
        2 => Script::Error(InvokeError::RetryableConflict),
        _ => Script::Error(InvokeError::AccessDenied),
    }));
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert_eq!(measured.of(r#"agent_throttles_total{agent="default"}"#), 2.0);
    assert_eq!(measured.of(r#"runs_ended_total{agent="default",outcome="failed"}"#), 1.0);
    assert_eq!(measured.of(r#"runs_failed_total{agent="default",code="agent_unavailable"}"#), 1.0);
    assert_eq!(measured.of(r#"time_to_first_event_seconds_count{agent="default"}"#), 0.0, "there was none");
}

#[tokio::test(start_paused = true)]
async fn pushes_count_by_what_comes_of_them() {
    let measured = Measured::begin();
    let engine = Engine::with(ScriptedAgents::new(|_, _| stream([1], SECOND)), |tools| {
        let push = crate::support::push::RecordingPush::default();
        push.set("gone", Manner::Gone);
        push.set("c", Manner::Throttled(2));
        let push = agentcore_gateway::metrics::MeasuredPush::counted(std::sync::Arc::new(push));
        tools.push = std::sync::Arc::new(push);
    });
    engine.connect("gone", Some("s")).await;
    engine.say("c", &prompt("s", "r")).await;
    pass(60.0).await;
    assert!(engine.work_next().await);
    assert_eq!(measured.of(r#"pushes_total{result="throttled"}"#), 2.0);
    assert_eq!(measured.of(r#"pushes_total{result="gone"}"#), 1.0);
    assert_eq!(measured.of(r#"pushes_total{result="ok"}"#), 3.0);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_chooses_is_in_no_metric() {
    let measured = Measured::begin();
    let engine = Engine::new(ScriptedAgents::new(|_, _| {
        Script::Reply(vec![Step::Events(vec![r#""secret reply""#.to_owned()])])
    }));
    engine.connect("secret-connection", Some("secret-session")).await;
    let mut asked = prompt("secret-session", "secret-request");
    asked["prompt"] = "secret prompt".into();
    engine.say("secret-connection", &asked).await;
    asked["agent"] = "secret-agent".into();
    engine.say("secret-connection", &asked).await;
    assert!(engine.work_next().await);
    let text = measured.text();
    assert!(text.contains("runs_ended_total{") && text.contains(r#"code="unknown_agent""#), "{text}");
    assert!(!text.contains("secret") && !text.contains("anonymous"), "{text}");
}
