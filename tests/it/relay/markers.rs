//! What is a marker, and what is not.

use serde_json::json;

use super::*;

const OTHER: &str = "run-00000000000000000000000000000000";

/// What client `c` gets of an agent that answers with what `script` makes of its marker.
async fn answer(long_runs: bool, script: impl Fn(String) -> Vec<Step> + Send + Sync + 'static) -> (Engine, Vec<Value>) {
    let agents = ScriptedAgents::new(move |invocation, _| {
        let own = if invocation.body.contains("gatewayReply") { marker(&invocation.body) } else { other_marker() };
        Script::Reply(script(own))
    });
    let engine = engine_with(agents, |tools| {
        if !long_runs {
            tools.settings.long_runs = None;
        }
    });
    engine.say("c", &prompt("s", "r")).await;
    engine.work_next().await;
    let frames = engine.frames("c", "r");
    (engine, frames)
}

fn other_marker() -> String {
    json!({"detached": OTHER}).to_string()
}

fn events(texts: &[&str]) -> Vec<Step> {
    vec![Step::Events(texts.iter().map(|text| (*text).to_owned()).collect())]
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_a_marker_is_read() {
    for behind in [vec!["9".to_owned()], vec![other_marker()], vec![r#"{"error":"x"}"#.to_owned()]] {
        let (engine, frames) = answer(true, move |own| {
            let mut all = vec!["1".to_owned(), own.clone()];
            all.extend(behind.clone());
            vec![Step::Events(all), Step::Events(vec![own]), Step::Hang]
        })
        .await;
        assert_eq!(contents(&frames), [json!("started"), json!([1])]);
        assert!(engine.session("s").await.active.unwrap().detached.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_marker_may_come_alone_and_be_written_in_any_way_of_json() {
    let (engine, frames) =
        answer(true, |own| vec![Step::Events(vec![own.replace(':', " :\n ").replace("detached", "det\\u0061ched")])])
            .await;
    assert_eq!(contents(&frames), [json!("started")]);
    assert!(engine.session("s").await.active.unwrap().detached.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_marker_of_another_run_fails_the_run() {
    let (engine, frames) = answer(true, |_| events(&["1", &other_marker()])).await;
    assert_eq!(contents(&frames), [json!("started"), json!([1]), json!("failed")]);
    let ending = frames.last().unwrap();
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("agent_error"), &json!(true)));
    assert_eq!(ending["message"], "The agent answered with the marker of another run.");
    assert_eq!(engine.agents.stopped().len(), 1, "it may have begun something");
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_like_a_marker_is_an_event_like_others() {
    let looks = [
        r#"{"detached":"elsewhere"}"#.to_owned(),
        r#"{"detached":7}"#.to_owned(),
        format!(r#"{{"detached":"{OTHER}","more":1}}"#),
        format!(r#"{{"detached":"{OTHER}","detached":"{OTHER}"}}"#),
        format!(r#"[{{"detached":"{OTHER}"}}]"#),
        json!(other_marker()).to_string(),
    ];
    for look in looks {
        let shown = look.clone();
        let (_, frames) = answer(true, move |_| events(&[&shown])).await;
        assert_eq!(contents(&frames)[2..], [json!("completed")], "{look}");
        assert_eq!(frames[1]["events"].as_array().unwrap().len(), 1, "{look}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_long_runs_has_no_marker() {
    let (_, frames) = answer(false, |own| events(&["1", &own, "2"])).await;
    assert_eq!(contents(&frames), [json!("started"), json!([1, {"detached": OTHER}, 2]), json!("completed")]);
}
