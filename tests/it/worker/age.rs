//! Prompts that have waited for too long.

use std::time::Duration;

use agentcore_gateway::journal;
use agentcore_gateway::worker::settings::Settings;
use serde_json::json;

use super::runs::prompt;
use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_older_than_any_journal_is_not_run() {
    refused_after(journal::RETENTION, |_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn how_long_a_prompt_may_wait_is_a_setting() {
    refused_after(90 * SECOND, |settings| settings.max_wait = 90 * SECOND).await;
}

async fn refused_after(wait: Duration, change: impl FnOnce(&mut Settings)) {
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| change(&mut tools.settings));
    for (session, request) in [("s", "in-time"), ("t", "r")] {
        engine.say("c", &prompt(session, request)).await;
    }
    pass(wait.as_secs_f64()).await;
    let worker = engine.work_alone().await;
    pass(0.001).await;
    assert!(engine.work_next().await && worker.await.unwrap());
    assert_eq!(engine.frames("c", "in-time").last().unwrap()["type"], "completed");
    let frames = engine.frames("c", "r");
    assert_eq!((frames.len(), &frames[0]["code"]), (1, &json!("busy")));
    assert_eq!(engine.agents.calls().len(), 1, "it may have run, and its journal be forgotten");
}
