//! How long a message waits for somebody else's run.

use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::ids::RequestId;
use agentcore_gateway::queue::patience::{LONGEST_RUN, come_again_in};
use agentcore_gateway::session::{Active, LeaseId};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
const START: Timestamp = Timestamp(1_790_000_000_000);

fn active(lease_until: Timestamp) -> Active {
    let request = RequestId::parse("r").unwrap();
    Active {
        request,
        lease: LeaseId("lease".to_owned()),
        lease_until,
        started_at: START,
        agent: None,
        reply: None,
        detached: None,
    }
}

fn wait(age: u32, lease_left: u32, receives_left: u32) -> u64 {
    let now = START.after(age * SECOND);
    come_again_in(&active(now.after(lease_left * SECOND)), now, LONGEST_RUN, receives_left).as_secs()
}

#[test]
fn what_is_left_of_the_run_is_spread_over_what_is_left_of_the_receives() {
    assert_eq!(wait(0, 60, 9), 100);
    assert_eq!(wait(100, 45, 8), 100);
    assert_eq!(wait(300, 45, 1), 600);
    assert_eq!(wait(300, 45, 0), 600, "the last time is given all there is");
}

#[test]
fn nobody_comes_before_the_lease_can_be_over() {
    assert_eq!(wait(0, 60, 1000), 61);
    assert_eq!(wait(900, 45, 5), 46);
    assert_eq!(wait(5000, 60, 0), 61, "a run that lasts for longer than it may");
}

#[test]
fn a_lease_that_nobody_renews_is_waited_for_and_no_longer() {
    assert_eq!((wait(100, 30, 1), wait(100, 1, 1), wait(100, 0, 1)), (31, 2, 1));
}

#[test]
fn no_wait_is_longer_than_the_queue_can_hide_a_message() {
    let long = come_again_in(&active(START.after(60 * SECOND)), START, 100 * 3600 * SECOND, 1);
    assert_eq!(long, 11 * 3600 * SECOND);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the lease stands each time, as long as it is renewed.
    #[test]
    fn the_receives_outlast_the_longest_run(begins in 0..900_u32, receives in 1..20_u32, left in 31..=60_u32) {
        let (mut age, mut receives_left) = (begins, receives);
        while receives_left > 0 {
            receives_left -= 1;
            age += u32::try_from(wait(age, left, receives_left)).unwrap();
        }
        prop_assert!(age >= 900, "over after {age} s");
    }
}
