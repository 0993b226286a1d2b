//! Stops of detached runs, and what becomes of their agents.

use std::sync::atomic::{AtomicBool, Ordering};

use agentcore_gateway::agent::InvokeError;
use agentcore_gateway::choices::OnStop;
use agentcore_gateway::journal::Segment;
use agentcore_gateway::protocol::frame::{Ending, FrameMaker};
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::session::runtime_id::runtime_session_id;
use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, RunKey};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::key;
use crate::support::push::Manner;

fn stopping_session() -> String {
    runtime_session_id(&key("s"))
}

#[tokio::test(start_paused = true)]
async fn a_stop_holds_at_once() {
    let long_run = LongRun::begin().await;
    long_run.relay([long_run.message(0, &[json!(0)])]).await;
    let began = Instant::now();
    let answer = long_run.engine.say("d", &stop()).await.unwrap();
    assert_eq!(answer, json!({"type": "stopping", "requestId": "r", "sessionId": "s"}));
    assert!(began.elapsed() < SECOND);
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!([0]), json!("stopped")]);
    let session = long_run.session().await;
    assert_eq!((session.active, session.stops.len()), (None, 0));
    let again = long_run.engine.say("d", &stop()).await.unwrap();
    assert_eq!(again["code"], "not_found");
    let told = long_run.engine.events.told();
    assert_eq!(told.len(), 1);
    assert_eq!(serde_json::to_value(&told[0]).unwrap()["outcome"], "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_answered_in_time_though_a_device_takes_nothing() {
    let engine = engine_of(agents());
    engine.connect("slow", Some("s")).await;
    let long_run = LongRun::of(engine, "r").await;
    let engine = &long_run.engine;
    engine.push.set("slow", Manner::Hanging);
    let began = Instant::now();
    let answer = engine.say("d", &stop()).await.unwrap();
    assert_eq!(answer["type"], "stopping");
    assert!(began.elapsed() < 20 * SECOND, "API Gateway waits for 29 s: {:?}", began.elapsed());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")]);
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_a_slow_device_takes_later_is_not_told_once_more() {
    let engine = engine_of(agents());
    engine.connect("slow", Some("s")).await;
    let long_run = LongRun::of(engine, "r").await;
    let engine = &long_run.engine;
    engine.push.set("slow", Manner::Slow(7 * SECOND));
    assert!(long_run.relay([long_run.completed(0)]).await.is_empty());
    assert_eq!(long_run.frames("slow").last().unwrap()["type"], "completed");
    assert_eq!(long_run.session().await.untold, None, "all have heard it");
    let pushes = ["c", "slow"].map(|device| long_run.pushes(device));
    pass(301.0).await;
    assert!(long_run.look().await);
    assert_eq!(["c", "slow"].map(|device| long_run.pushes(device)), pushes);
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_stopped_when_it_next_speaks_and_only_once() {
    let long_run = LongRun::begin().await;
    long_run.engine.say("d", &stop()).await;
    assert!(long_run.engine.agents.stopped().is_empty(), "whoever takes a stop calls no agent");
    assert!(long_run.session().await.unstopped.is_some());
    let heartbeat = |index| long_run.message(index, &[]);
    assert!(long_run.relay([heartbeat(0)]).await.is_empty());
    assert_eq!(long_run.engine.agents.stopped(), [stopping_session()]);
    assert!(long_run.relay([heartbeat(1), long_run.completed(2)]).await.is_empty());
    assert_eq!(long_run.engine.agents.stopped().len(), 1);
    assert_eq!(long_run.session().await.unstopped, None);
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_stops_nobody() {
    let long_run = LongRun::begin().await;
    long_run.engine.say("d", &stop()).await;
    let mut message = long_run.message(0, &[]);
    message["token"] = json!("A".repeat(43));
    assert!(long_run.relay([message]).await.is_empty());
    assert!(long_run.engine.agents.stopped().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_next_prompt_stops_the_agent_first_and_then_runs() {
    let long_run = LongRun::begin().await;
    let engine = &long_run.engine;
    engine.say("d", &stop()).await;
    engine.agents.stop_in(3 * SECOND);
    let began = Instant::now();
    engine.say("c", &prompt("s", "next")).await;
    assert!(engine.work_next().await);
    assert!(began.elapsed() >= 3 * SECOND);
    assert_eq!(engine.agents.stopped(), [stopping_session()]);
    assert_eq!(engine.agents.calls().len(), 2);
    assert!(long_run.session().await.active.unwrap().detached.is_some());
    // The agent of the run before speaks late: it must not stop the next run.
    assert!(long_run.relay([long_run.message(0, &[])]).await.is_empty());
    assert_eq!(engine.agents.stopped().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_once_while_the_agent_is_stopped_costs_the_next_prompt_no_receive() {
    for lost in ["BeginStopping", "Stopped"] {
        let is_first = AtomicBool::new(true);
        let engine = engine_with(agents(), |tools| {
            tools.sessions = Arc::new(AroundSessions::of(tools.sessions.clone()).apply(move |apply| {
                let is_it = format!("{:?}", apply.transition).starts_with(lost);
                let is_lost = is_it && is_first.swap(false, Ordering::Relaxed);
                async move {
                    let applied = apply.done().await;
                    if is_lost { Err(StoreError::Unavailable("the answer was lost".to_owned())) } else { applied }
                }
            }));
        });
        let long_run = LongRun::of(engine, "r").await;
        let engine = &long_run.engine;
        engine.say("d", &stop()).await;
        engine.say("c", &prompt("s", "next")).await;
        assert!(engine.work_next().await, "{lost}");
        assert_eq!(engine.agents.calls().len(), 2, "{lost}");
        assert!(!engine.agents.stopped().is_empty(), "{lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_waits_while_somebody_else_stops_the_agent() {
    let long_run = LongRun::begin().await;
    let engine = &long_run.engine;
    engine.say("d", &stop()).await;
    engine.agents.stop_in(15 * SECOND);
    engine.say("c", &prompt("s", "next")).await;
    let relayed = async { long_run.relay([long_run.message(0, &[])]).await };
    let worked = async {
        tokio::time::sleep(SECOND).await;
        engine.work_next().await
    };
    let (again, done) = tokio::join!(relayed, worked);
    assert!(again.is_empty() && !done, "its message comes again");
    assert_eq!((engine.agents.stopped().len(), engine.agents.calls().len()), (1, 1));
    assert!(engine.work_next().await);
    assert_eq!((engine.agents.stopped().len(), engine.agents.calls().len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_cannot_be_stopped_is_tried_again_and_in_the_end_taken_for_gone() {
    let agents = ScriptedAgents::new(|invocation, _| Script::Reply(vec![Step::Events(vec![marker(&invocation.body)])]));
    let long_run = LongRun::of(engine_of(agents), "r").await;
    let engine = &long_run.engine;
    engine.say("d", &stop()).await;
    engine.agents.fail_to_stop(InvokeError::Throttled);
    assert!(long_run.relay([long_run.message(0, &[])]).await.is_empty());
    engine.say("c", &prompt("s", "next")).await;
    let began = Instant::now();
    let mut attempts = 0;
    while !engine.work_next().await {
        attempts += 1;
    }
    assert!((280 * SECOND..350 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!((2..10).contains(&attempts), "{attempts}");
    assert_eq!(engine.agents.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_outcome_is_not_known_is_waited_for_before_the_next_run() {
    let open = [InvokeError::NoAnswer("reset".to_owned()), InvokeError::Platform(504), InvokeError::Unexpected(302)];
    for error in open {
        let long_run = LongRun::begin().await;
        let engine = &long_run.engine;
        engine.say("d", &stop()).await;
        engine.agents.fail_to_stop(error.clone());
        let began = Instant::now();
        assert!(long_run.relay([long_run.message(0, &[])]).await.is_empty());
        engine.agents.stop_again();
        engine.say("c", &prompt("s", "next")).await;
        while !engine.work_next().await {
            assert_eq!(engine.agents.calls().len(), 1, "it may still be stopped: {error}");
        }
        assert!((40 * SECOND..90 * SECOND).contains(&began.elapsed()), "{error}: {:?}", began.elapsed());
        assert_eq!(engine.agents.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_to_go_on_is_left_alone() {
    let engine = engine_with(agents(), |tools| tools.settings.on_stop = OnStop::Detach);
    let long_run = LongRun::of(engine, "r").await;
    long_run.engine.say("d", &stop()).await;
    assert_eq!(long_run.session().await.unstopped, None);
    assert!(long_run.relay([long_run.message(0, &[json!(0)])]).await.is_empty());
    long_run.engine.say("c", &prompt("s", "next")).await;
    long_run.engine.work_next().await;
    assert!(long_run.engine.agents.stopped().is_empty());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_taker_died_is_done_by_whoever_touches_the_run_next() {
    // By the agent's next message; by the watch.
    for by_watch in [false, true] {
        let long_run = LongRun::begin().await;
        let stop = Transition::Stop { request: RequestId::parse("r").unwrap() };
        let engine = &long_run.engine;
        let now = agentcore_gateway::clock::Clock::now(&*engine.clock);
        engine.tools.sessions.apply(&key("s"), &stop, now).await.unwrap().unwrap();
        if by_watch {
            assert!(long_run.look().await);
        } else {
            assert!(long_run.relay([long_run.message(0, &[json!("unheard")])]).await.is_empty());
            assert_eq!(engine.agents.stopped().len(), 1);
        }
        assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")], "{by_watch}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_read_the_session_before_the_run_was_detached_stops_its_agent_all_the_same() {
    let long_run = LongRun::begin().await;
    let engine = &long_run.engine;
    // Somebody has stopped the run, and has not come to free the session.
    let run = RunKey { session: key("s"), request: RequestId::parse("r").unwrap() };
    let ending = FrameMaker::new(&run.request, &run.session.session).ending(3, &Ending::Stopped);
    let (segment, stopper) = (Segment::of(Arc::new(ending)), LeaseId("stopper".to_owned()));
    let now = agentcore_gateway::clock::Clock::now(&*engine.clock);
    engine.tools.journal.append(&run, &segment, &stopper, now).await.unwrap();
    let is_first = AtomicBool::new(true);
    let sessions = AroundSessions::of(engine.tools.sessions.clone()).load(move |load| {
        let is_old = is_first.swap(false, Ordering::Relaxed);
        async move {
            let mut session = load.done().await?;
            if let Some(active) = session.active.as_mut().filter(|_| is_old) {
                active.detached = None;
            }
            Ok(session)
        }
    });
    let late = Tools { sessions: Arc::new(sessions), ..long_run.tools() };
    assert!(long_run.relay_with(late, [long_run.message(0, &[])]).await.is_empty());
    assert_eq!(engine.agents.stopped(), [stopping_session()]);
    let session = long_run.session().await;
    assert_eq!((session.active, session.unstopped, session.untold), (None, None, None));
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")]);
}

/// Its relay ends the run because of a stop, frees the session, and dies.
async fn stop_untold(long_run: &LongRun) {
    let engine = &long_run.engine;
    let sessions = AroundSessions::of(engine.tools.sessions.clone()).apply(|apply| async move {
        let applied = apply.done().await;
        if matches!(apply.transition, Transition::Finish { .. }) {
            return Err(StoreError::Unavailable("it died".to_owned()));
        }
        applied
    });
    let dying = Tools { sessions: Arc::new(sessions), ..long_run.tools() };
    let stop = Transition::Stop { request: RequestId::parse("r").unwrap() };
    let now = agentcore_gateway::clock::Clock::now(&*engine.clock);
    engine.tools.sessions.apply(&key("s"), &stop, now).await.unwrap().unwrap();
    assert_ne!(long_run.relay_with(dying, [long_run.message(0, &[])]).await, [] as [usize; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_slow_to_take_a_run_delays_the_prompt_after_the_next_by_seconds() {
    let agents = ScriptedAgents::new(|invocation, call| {
        let event = json!("x".repeat(30_000)).to_string();
        let events = if call == 0 { vec![event; 20] } else { vec![event] };
        let marker = (call == 0).then(|| marker(&invocation.body));
        Script::Reply(vec![Step::Events(events.into_iter().chain(marker).collect())])
    });
    let engine = engine_of(agents);
    engine.connect("slow", Some("s")).await;
    engine.push.set("slow", Manner::Hanging);
    let long_run = LongRun::of(engine, "r").await;
    stop_untold(&long_run).await;
    let engine = &long_run.engine;
    engine.push.set("slow", Manner::Slow(3 * SECOND));
    engine.say("c", &prompt("s", "next")).await;
    engine.say("c", &prompt("s", "after")).await;
    let working = engine.work_alone().await;
    let began = Instant::now();
    let next = engine.queue.receive().await;
    assert!(next.body.contains("after"));
    assert!(began.elapsed() < 20 * SECOND, "{:?}", began.elapsed());
    working.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_was_not_told_is_told_by_whoever_comes_next() {
    let long_run = LongRun::begin().await;
    stop_untold(&long_run).await;
    assert_eq!(long_run.frames("c").len(), 2);
    assert!(long_run.relay([long_run.message(0, &[])]).await.is_empty());
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("stopped")]);
    let pushes = long_run.pushes("c");
    pass(301.0).await;
    assert!(long_run.look().await);
    assert_eq!(long_run.pushes("c"), pushes, "and told once");
}

/// A run of which device `slow` was not told the ending, and behind it `next`, which has been left to its agent.
async fn untold_behind_another() -> LongRun {
    let engine = engine_of(agents());
    engine.connect("slow", Some("s")).await;
    let long_run = LongRun::of(engine, "r").await;
    stop_untold(&long_run).await;
    let engine = &long_run.engine;
    // The worker dies while it tells the run before.
    engine.push.set("slow", Manner::Hanging);
    engine.say("c", &prompt("s", "next")).await;
    let working = engine.work_alone().await;
    while long_run.session().await.active.is_none_or(|active| active.detached.is_none()) {
        pass(0.1).await;
    }
    working.abort();
    let _ = working.await;
    assert_eq!(contents(&long_run.frames("slow")).last(), Some(&json!(["first", "second"])));
    long_run
}

fn stop_next() -> Value {
    json!({"action": "stop", "sessionId": "s", "requestId": "next"})
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_was_not_told_is_told_before_that_of_the_next_run_takes_its_place() {
    let long_run = untold_behind_another().await;
    let engine = &long_run.engine;
    engine.push.set("slow", Manner::Prompt);
    engine.say("d", &stop_next()).await;
    assert_eq!(contents(&long_run.frames("slow")).last(), Some(&json!("stopped")), "of the run before");
    assert_eq!(contents(&engine.frames("slow", "next")).last(), Some(&json!("stopped")));
    assert_eq!(long_run.session().await.untold, None);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_answered_in_time_though_a_device_takes_nothing_of_this_run_and_of_the_one_before() {
    let long_run = untold_behind_another().await;
    let engine = &long_run.engine;
    let began = Instant::now();
    let answer = engine.say("d", &stop_next()).await.unwrap();
    assert_eq!(answer["type"], "stopping");
    assert!(began.elapsed() < 20 * SECOND, "API Gateway waits for 29 s: {:?}", began.elapsed());
    assert_eq!(contents(&engine.frames("c", "next")).last(), Some(&json!("stopped")));
    assert_eq!(long_run.session().await.active, None);
}
