//! Runs that are looked after, for nobody else may notice that their agents have died.

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::support::clock::pass;

#[tokio::test(start_paused = true)]
async fn a_run_whose_agent_falls_silent_ends_though_nobody_is_connected() {
    let long_run = LongRun::begin().await;
    long_run.engine.disconnect("c").await;
    let began = Instant::now();
    let mut looks = 1;
    while !long_run.look().await {
        looks += 1;
    }
    assert!((300 * SECOND..310 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(looks <= 3, "{looks}");
    let session = long_run.session().await;
    assert_eq!((session.active, session.unstopped), (None, None), "it is taken for dead: nobody need be stopped");
    long_run.engine.say("back", &json!({"action": "resume", "sessionId": "s"})).await;
    let frames = long_run.frames("back");
    assert_eq!(contents(&frames)[2..], [json!("failed")]);
    assert_eq!(frames[2]["code"], "interrupted");
    assert_eq!(long_run.engine.events.told().len(), 1);
    assert!(long_run.engine.watch.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_heard_of_now_and_then_is_not_taken_for_dead() {
    let long_run = LongRun::begin().await;
    for index in 0..20 {
        pass(240.0).await;
        assert!(long_run.relay([long_run.message(index, &[json!(index)])]).await.is_empty());
        assert!(!long_run.look().await);
    }
    assert!(long_run.relay([long_run.completed(20)]).await.is_empty());
    assert!(long_run.look().await);
    assert_eq!(long_run.frames("c").last().unwrap()["type"], "completed");
    let pushes = long_run.pushes("c");
    assert_eq!(pushes, long_run.frames("c").len(), "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_comes_back_after_four_minutes_goes_on_and_after_six_it_has_been_ended() {
    for (seconds, ending) in [(240.0, "completed"), (360.0, "failed")] {
        let long_run = LongRun::begin().await;
        let looking = async { while !long_run.look().await {} };
        let saying = async {
            pass(seconds).await;
            assert!(long_run.relay([long_run.message(0, &[json!("back")]), long_run.completed(1)]).await.is_empty());
        };
        tokio::join!(looking, saying);
        assert_eq!(long_run.frames("c").last().unwrap()["type"], ending, "{seconds}");
        assert!(long_run.engine.agents.stopped().is_empty(), "the session may have its next run");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_beyond_its_time_is_ended_and_its_agent_stopped_when_it_next_speaks() {
    let mut long_run = LongRun::begin().await;
    // So that it is the watch that ends it, and not the agent's next message.
    long_run.settings.max_run = 1000 * MINUTE;
    let mut index = 0;
    while !long_run.look().await {
        index += 1;
        pass(100.0).await;
        long_run.relay([long_run.message(index - 1, &[])]).await;
    }
    let began = &long_run.engine.events.told()[0];
    let hours = began.duration_ms / 1000 / 60 / 60;
    assert_eq!(hours, 8, "{began:?}");
    assert_eq!(long_run.frames("c").last().unwrap()["code"], "deadline_exceeded");
    assert!(long_run.engine.agents.stopped().is_empty());
    long_run.relay([long_run.message(index, &[])]).await;
    assert_eq!(long_run.engine.agents.stopped().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_its_worker_has_not_left_yet_is_that_ones_business() {
    let agents = ScriptedAgents::new(|invocation, _| {
        let steps = [Step::Wait(150 * SECOND), Step::Events(vec![marker(&invocation.body)])];
        Script::Reply(steps.to_vec())
    });
    let engine = engine_of(agents);
    engine.say("c", &prompt("s", "r")).await;
    let working = engine.work_alone().await;
    pass(1.0).await;
    let run = agentcore_gateway::session::RunKey {
        session: crate::support::engine::key("s"),
        request: agentcore_gateway::protocol::ids::RequestId::parse("r").unwrap(),
    };
    let watch = agentcore_gateway::queue::watch::Watch { run };
    engine.tools.watches.send(&watch).await.unwrap();
    let reply = gateway_reply(&engine.agents.calls()[0].body);
    let long_run = LongRun { engine, reply, settings: Settings::default() };
    assert!(!long_run.look().await);
    assert!(!long_run.look().await);
    assert!(working.await.unwrap());
    assert!(long_run.relay([long_run.completed(0)]).await.is_empty());
    while !long_run.look().await {}
    assert_eq!(contents(&long_run.frames("c")), [json!("started"), json!("completed")]);
}

#[tokio::test(start_paused = true)]
async fn what_names_no_run_is_dropped_and_a_later_releases_is_left() {
    let long_run = LongRun::begin().await;
    let later = r#"{"type":"watch","version":2}"#.to_owned();
    let mut event = SqsEvent::default();
    event.records = vec![record(0, "a", "no watch".to_owned()), record(1, "b", later)];
    let failures = long_run.closer().watch(event, None).await.batch_item_failures;
    assert_eq!(failures.iter().map(|failure| &*failure.item_identifier).collect::<Vec<_>>(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_run_ended_and_was_not_freed_takes_the_next_prompt() {
    use agentcore_gateway::session::store::StoreError;
    use agentcore_gateway::session::transition::Transition;

    let long_run = LongRun::begin().await;
    let sessions = AroundSessions::of(long_run.engine.tools.sessions.clone());
    let sessions = sessions.apply(|apply| async move {
        match apply.transition {
            Transition::Finish { .. } => Err(StoreError::Throttled),
            _ => apply.done().await,
        }
    });
    let dying = Tools { sessions: Arc::new(sessions), ..long_run.tools() };
    assert_eq!(long_run.relay_with(dying, [long_run.completed(0)]).await, [0]);
    long_run.engine.say("c", &prompt("s", "next")).await;
    assert!(long_run.engine.work_next().await);
    assert_eq!(contents(&long_run.frames("c"))[2..], [json!("completed")]);
    assert_eq!(long_run.engine.agents.calls().len(), 2);
    assert!(long_run.engine.agents.stopped().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_over_is_not_ended_again() {
    let long_run = LongRun::begin().await;
    let run = agentcore_gateway::session::RunKey {
        session: crate::support::engine::key("s"),
        request: agentcore_gateway::protocol::ids::RequestId::parse("r").unwrap(),
    };
    let stopped = agentcore_gateway::protocol::frame::Ending::Stopped;
    long_run.relay([long_run.completed(0)]).await;
    let pushes = long_run.pushes("c");
    assert!(!long_run.closer().end(&run, &stopped).await);
    assert_eq!(long_run.pushes("c"), pushes, "nobody hears of it again");
    let next = LongRun::of(long_run.engine.clone(), "next").await;
    let run = agentcore_gateway::session::RunKey {
        request: agentcore_gateway::protocol::ids::RequestId::parse("next").unwrap(),
        ..run
    };
    assert!(next.closer().end(&run, &stopped).await);
    assert_eq!(next.engine.frames("c", "next").last().unwrap()["type"], "stopped");
}
