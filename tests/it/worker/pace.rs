//! How often a reply is pushed, and how long its events wait for that.

use std::time::Duration;

use agentcore_gateway::worker::pace::Pace;
use proptest::prelude::*;
use serde_json::json;

use crate::support::engine::Engine;
use crate::support::scripted::{ScriptedAgents, stream};

/// Between two events of an agent: 30 a second.
const APART: Duration = Duration::from_millis(33);

fn pace(shortest: u64, longest: u64) -> Pace {
    Pace::new(Duration::from_millis(shortest), Some(Duration::from_millis(longest))).unwrap()
}

/// What a device sees of a reply that takes so many seconds: how many messages, and how long each event waited.
async fn seen(seconds: u32, pace: Pace) -> (usize, Vec<Duration>) {
    let count = seconds * 1000 / 33 + 1;
    let agents = ScriptedAgents::new(move |_, _| stream((0..count).map(|number| json!(number)), APART));
    let engine = Engine::with(agents, |tools| tools.settings.pace = pace);
    assert_eq!(engine.say("c", &json!({"prompt": "Hi"})).await.unwrap()["type"], "accepted");
    assert!(engine.work_next().await);
    let frames = engine.push.timed("c");
    let came: Vec<_> = frames
        .iter()
        .flat_map(|(at, frame)| frame["events"].as_array().into_iter().flatten().map(move |_| *at))
        .collect();
    assert_eq!(came.len(), count as usize);
    let waits = (0..).zip(&came).map(|(number, at)| *at - (came[0] + APART * number)).collect();
    (1 + frames.len(), waits)
}

#[tokio::test(start_paused = true)]
async fn a_long_reply_costs_few_messages_and_no_event_of_it_waits_for_long() {
    for (seconds, most) in [(1, 13), (10, 26), (60, 78), (600, 620)] {
        let (messages, waits) = seen(seconds, Pace::default()).await;
        assert!(messages <= most, "{messages} messages for {seconds} s");
        let longest = waits.iter().max().unwrap();
        assert!(*longest <= Duration::from_millis(1100), "an event of {seconds} s waited {longest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_beginning_of_a_reply_comes_as_it_is_produced() {
    let (_, waits) = seen(10, Pace::default()).await;
    assert_eq!(waits[0], Duration::ZERO);
    let first_half_second = waits.iter().take(15).max().unwrap();
    assert!(*first_half_second <= Duration::from_millis(132), "{first_half_second:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_events_come_with_the_ending_and_not_when_it_would_be_their_turn() {
    let (_, waits) = seen(10, Pace::default()).await;
    assert_eq!(*waits.last().unwrap(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn equal_bounds_make_the_pace_constant() {
    let (messages, waits) = seen(10, pace(100, 100)).await;
    assert_eq!(messages, 1 + 103);
    assert!(*waits.iter().max().unwrap() <= Duration::from_millis(132));
}

#[test]
fn the_longest_interval_is_no_shorter_than_the_shortest() {
    let error = Pace::new(Duration::from_millis(200), Some(Duration::from_millis(100))).unwrap_err();
    assert!(error.to_string().contains("100 ms, is shorter than the shortest one, 200 ms"), "{error}");
}

proptest! {
    #[test]
    fn an_interval_lies_between_its_bounds_and_never_shrinks(
        shortest in 0_u64..6000, more in 0_u64..6000, age in 0_u64..100_000_000, later in 0_u64..100_000_000,
    ) {
        let pace = pace(shortest, shortest + more);
        let interval = pace.interval(Duration::from_millis(age));
        prop_assert!(interval >= Duration::from_millis(shortest));
        prop_assert!(interval <= Duration::from_millis(shortest + more));
        prop_assert!(interval <= pace.interval(Duration::from_millis(age + later)));
    }

    #[test]
    fn between_its_bounds_an_interval_is_a_quarter_of_the_age(age in 400_u64..=4000) {
        prop_assert_eq!(Pace::default().interval(Duration::from_millis(age)), Duration::from_millis(age) / 4);
    }
}
