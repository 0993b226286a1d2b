//! Runs whose worker died, as whoever claims the session finds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentcore_gateway::clock::Clock;
use agentcore_gateway::journal::Segment;
use agentcore_gateway::protocol::frame::{FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, RequestId};
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, RunKey};
use serde_json::json;

use super::runs::prompt;
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::{Engine, events_of, key};
use crate::support::outage::Outage;
use crate::support::scripted::{ScriptedAgents, stream};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_run_whose_worker_died_before_its_first_segment_is_ended_by_who_takes_its_message() {
    let journal = Arc::new(Outage::default());
    journal.of_appends.store(true, Ordering::Relaxed);
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.journal = journal.clone());
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    pass(1.0).await;
    worker.abort();
    journal.of_appends.store(false, Ordering::Relaxed);
    pass(61.0).await;
    assert!(engine.work_next().await);
    let frames = engine.frames("c", "r");
    assert_eq!((frames.len(), &frames[0]["code"], &frames[0]["seq"]), (1, &json!("interrupted"), &json!(1)));
    assert!(engine.agents.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_message_is_gone_is_ended_by_the_sessions_next_prompt_which_then_runs() {
    let agents = ScriptedAgents::new(|_, call| if call == 0 { stream(0..100, SECOND) } else { stream([7], SECOND) });
    let engine = Engine::new(agents);
    engine.say("c", &prompt("s", "r1")).await;
    let delivery = engine.queue.receive().await;
    let worker = tokio::spawn({
        let (engine, delivery) = (engine.clone(), delivery.clone());
        async move { engine.work(delivery).await }
    });
    pass(5.0).await;
    worker.abort();
    engine.queue.delete(&delivery.receipt);
    engine.say("c", &prompt("s", "r2")).await;
    pass(61.0).await;
    assert!(engine.work_next().await);
    assert_eq!(engine.frames("c", "r1").last().unwrap()["code"], "interrupted");
    assert_eq!(events_of(&engine.frames("c", "r2")), [json!(7)]);
}

/// Sessions to which the run of lease `another` renews that right before somebody frees its session.
fn renewed_late(sessions: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    let is_first = Arc::new(AtomicBool::new(true));
    Arc::new(AroundSessions::of(sessions.clone()).apply(move |apply| {
        let (sessions, is_first) = (sessions.clone(), is_first.clone());
        async move {
            if matches!(apply.transition, Transition::Finish { .. }) && is_first.swap(false, Ordering::Relaxed) {
                let renew = Transition::Renew { lease: another(), until: apply.now.after(30 * SECOND) };
                sessions.apply(&key("s"), &renew, apply.now).await.unwrap().unwrap();
            }
            apply.done().await
        }
    }))
}

fn another() -> LeaseId {
    LeaseId("another".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_until_its_run_which_has_its_ending_has_lost_the_session_too() {
    let agents = ScriptedAgents::new(|_, _| stream([1], SECOND));
    let engine = Engine::with(agents, |tools| tools.sessions = renewed_late(tools.sessions.clone()));
    engine.say("c", &prompt("s", "r")).await;
    let claim = Transition::Claim {
        request: RequestId::parse("r").unwrap(),
        lease: another(),
        until: engine.clock.now(),
        connection: ConnectionId::parse("c").unwrap(),
        agent: AgentName::default_agent(),
        reply: None,
    };
    engine.table.apply(&key("s"), &claim, engine.clock.now()).await.unwrap().unwrap();
    pass(1.0).await;
    assert!(!engine.work_next().await, "its worker counts as alive again, and may not come to tell the ending");
    assert!(engine.frames("c", "r").is_empty());
    assert!(engine.work_next().await);
    assert_eq!(engine.frames("c", "r").last().map(|frame| &frame["code"]), Some(&json!("interrupted")));
    assert!(engine.session("s").await.active.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_and_of_which_its_session_knows_nothing_is_ended_by_who_takes_its_message() {
    let engine = Engine::new(ScriptedAgents::new(|_, _| stream([1], SECOND)));
    let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
    let started = Segment::of(Arc::new(FrameMaker::new(&run.request, &run.session.session).started()));
    engine.tools.journal.append(&run, &started, &LeaseId("dead".to_owned()), engine.clock.now()).await.unwrap();
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert!(engine.agents.calls().is_empty());
    let tail = engine.tools.journal.tail(&run, engine.clock.now()).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.outcome), (2, Some(Outcome::Failed)));
}
