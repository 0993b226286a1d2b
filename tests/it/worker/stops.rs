//! Runs that somebody or something ends early.

use std::time::Duration;

use agentcore_gateway::choices::{OnAbandoned, OnStop};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runs::prompt;
use crate::support::clock::pass;
use crate::support::engine::{Engine, events_of};
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

fn stop(session: &str, request: Option<&str>) -> Value {
    let mut stop = json!({"action": "stop", "sessionId": session});
    if let Some(request) = request {
        stop["requestId"] = json!(request);
    }
    stop
}

#[tokio::test(start_paused = true)]
async fn a_running_request_stops_within_two_seconds_and_keeps_what_it_has() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND / 5)));
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(5.1).await;
    let answer = engine.say("d", &stop("s", None)).await.unwrap();
    assert_eq!(answer, json!({"type": "stopping", "requestId": "r", "sessionId": "s"}));
    pass(2.0).await;
    let frames = engine.frames("c", "r");
    assert_eq!(frames.last().unwrap()["type"], "stopped");
    let events = events_of(&frames);
    assert!(events.len() >= 25 && events.iter().enumerate().all(|(at, event)| *event == json!(at)), "{events:?}");
    assert_eq!(engine.agents.stopped(), [engine.agents.calls()[0].runtime_session.clone()]);
    assert!(engine.session("s").await.stops.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_is_free_only_when_its_agent_has_been_stopped() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..100, SECOND)));
    engine.agents.stop_in(15 * SECOND);
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(3.0).await;
    engine.say("c", &stop("s", Some("r"))).await;
    pass(2.0).await;
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "stopped", "the ending waits for nothing");
    // Its message lapses: were the session free, the next prompt's agent would be stopped.
    assert!(engine.session("s").await.active.is_some());
    pass(15.0).await;
    assert_eq!(engine.session("s").await.active, None);
}

#[tokio::test(start_paused = true)]
async fn a_stop_may_leave_the_agent_alone() {
    let agents = ScriptedAgents::new(|_, _| stream(0..100, SECOND));
    let engine = Engine::with(agents, |tools| tools.settings.on_stop = OnStop::Detach);
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.spawn_worker();
    pass(3.0).await;
    engine.say("c", &stop("s", Some("r"))).await;
    pass(2.0).await;
    assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "stopped");
    assert!(engine.agents.stopped().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queued_request_stops_when_its_turn_comes_and_the_agent_is_not_called() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    engine.say("c", &prompt("s", "r0")).await;
    engine.work_next().await;
    engine.say("c", &prompt("s", "r1")).await;
    engine.say("c", &prompt("s", "r2")).await;
    assert_eq!(engine.say("c", &stop("s", Some("r2"))).await.unwrap()["type"], "stopping");
    let _worker = engine.spawn_worker();
    pass(3.0).await;
    assert_eq!(engine.frames("c", "r2"), [json!({"type": "stopped", "requestId": "r2", "sessionId": "s", "seq": 1})]);
    assert_eq!(engine.frames("c", "r1").last().unwrap()["type"], "completed");
    assert_eq!(engine.agents.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_what_has_ended_or_of_nothing_is_refused() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    for request in ["r1", "r2"] {
        engine.say("c", &prompt("s", request)).await;
        engine.work_next().await;
    }
    for stop in [stop("s", None), stop("s", Some("r1")), stop("s", Some("r2")), stop("unknown", None)] {
        let answer = engine.say("c", &stop).await.unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("rejected"), &json!("not_found")), "{stop}");
        assert_eq!(answer.get("requestId"), stop.get("requestId"));
    }
    assert!(engine.session("s").await.stops.is_empty());
}

#[tokio::test(start_paused = true)]
async fn stops_of_requests_that_never_come_are_bounded_and_go_stale() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    for number in 0..16 {
        assert_eq!(engine.say("c", &stop("s", Some(&format!("r{number}")))).await.unwrap()["type"], "stopping");
    }
    for wait in [0.0, 3600.0, 0.0, 0.001] {
        pass(wait).await;
        let answer = engine.say("c", &stop("s", Some("one-more"))).await.unwrap();
        assert_eq!((&answer["code"], &answer["retryable"]), (&json!("rate_limited"), &json!(true)), "{wait}");
    }
    // The last one found them stale.
    assert_eq!(engine.say("c", &stop("s", Some("one-more"))).await.unwrap()["type"], "stopping");
}

#[tokio::test(start_paused = true)]
async fn the_run_that_is_under_way_can_be_stopped_however_many_others_are_to_stop() {
    for request in [Some("r"), None] {
        let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..1000, SECOND)));
        engine.spawn_worker();
        engine.say("c", &prompt("s", "r")).await;
        pass(3.0).await;
        for number in 0..16 {
            let stop = stop("s", Some(&format!("later{number}")));
            assert_eq!(engine.say("c", &stop).await.unwrap()["type"], "stopping");
        }
        assert_eq!(engine.say("c", &stop("s", Some("one-more"))).await.unwrap()["code"], "rate_limited");
        assert_eq!(engine.say("c", &stop("s", request)).await.unwrap()["type"], "stopping", "{request:?}");
        pass(2.0).await;
        assert_eq!(engine.frames("c", "r").last().unwrap()["type"], "stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_ended_before_its_workers_deadline() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream(0..1000, SECOND)));
    engine.deadline.send_replace(Some(Instant::now() + 60 * SECOND));
    engine.say("c", &prompt("s", "r")).await;
    let began = Instant::now();
    assert!(engine.work_next().await);
    assert_eq!(began.elapsed().as_secs(), 50);
    let ending = engine.frames("c", "r").pop().unwrap();
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("deadline_exceeded"), &json!(true)));
    assert_eq!(engine.agents.stopped().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_watches_goes_on_unless_it_is_to_stop() {
    for (on_abandoned, ending) in [(OnAbandoned::Continue, "completed"), (OnAbandoned::Stop, "stopped")] {
        let agents = ScriptedAgents::new(|_, _| stream(0..20, SECOND));
        let engine = Engine::with(agents, |tools| tools.settings.on_abandoned = on_abandoned);
        engine.say("c", &prompt("s", "r")).await;
        let _worker = engine.spawn_worker();
        pass(5.1).await;
        engine.disconnect("c").await;
        assert_eq!(events_of(&engine.frames("c", "r")).len(), 5, "somebody watched");
        pass(20.0).await;
        engine.say("d", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
        assert_eq!(engine.frames("d", "r").last().unwrap()["type"], ending);
    }
}
