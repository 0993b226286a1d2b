//! Tables and queues that do not do what they are asked for a while, and machines that stand still.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::queue::{QueueError, Visibility};
use agentcore_gateway::session::store::{Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Session, SessionKey};
use async_trait::async_trait;
use tokio::time::{Instant, timeout};

use super::runs::prompt;
use crate::support::around::AroundSessions;
use crate::support::clock::pass;
use crate::support::engine::Engine;
use crate::support::log::Log;
use crate::support::scripted::{Script, ScriptedAgents, Step, stream};

const SECOND: Duration = Duration::from_secs(1);

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// It says at once that it does nothing.
    Refuses,
    /// It never answers.
    Hangs,
}

/// Sessions to which some transitions never come; if those hang, no session can be loaded either.
struct Failing {
    inner: Arc<dyn Sessions>,
    failure: Failure,
    which: fn(&Transition) -> bool,
    tried_at: Mutex<Vec<Instant>>,
}

#[async_trait]
impl Sessions for Failing {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        match self.failure {
            Failure::Refuses => self.inner.load(key, now).await,
            Failure::Hangs => std::future::pending().await,
        }
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        if !(self.which)(transition) {
            return self.inner.apply(key, transition, now).await;
        }
        self.tried_at.lock().unwrap().push(Instant::now());
        match self.failure {
            Failure::Refuses => Err(StoreError::Throttled),
            Failure::Hangs => std::future::pending().await,
        }
    }
}

/// The seconds at which what fails is tried by a worker, and how long it keeps its message.
async fn tried_until(failure: Failure, which: fn(&Transition) -> bool) -> (Vec<u64>, Duration) {
    let agents = ScriptedAgents::new(|_, _| stream(0..200, SECOND));
    let mut failing = None;
    let engine = Engine::with(agents, |tools| {
        let (inner, tried_at) = (tools.sessions.clone(), Mutex::default());
        let sessions = Arc::new(Failing { inner, failure, which, tried_at });
        tools.sessions = sessions.clone();
        failing = Some(sessions);
    });
    engine.say("c", &prompt("s", "r")).await;
    let began = Instant::now();
    assert!(!engine.work_next().await, "it gives the message back");
    let tried_at = failing.unwrap().tried_at.lock().unwrap().iter().map(|at| (*at - began).as_secs()).collect();
    (tried_at, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_cannot_be_claimed_is_given_back_while_a_claim_that_was_not_answered_would_still_hold() {
    let (tried_at, took) =
        tried_until(Failure::Refuses, |transition| matches!(transition, Transition::Claim { .. })).await;
    assert!(tried_at.len() > 10, "{tried_at:?}");
    assert!(took > 25 * SECOND && took <= 30 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_or_hangs_is_made_again_until_the_lease_is_over() {
    let is_renewal = |transition: &Transition| matches!(transition, Transition::Renew { .. });
    let (tried_at, took) = tried_until(Failure::Refuses, is_renewal).await;
    assert_eq!((tried_at, took.as_secs()), ((20..58).collect(), 58));
    // Each is given ten seconds; the look that hung before gave way to the first.
    let (tried_at, took) = tried_until(Failure::Hangs, is_renewal).await;
    assert_eq!((tried_at, took.as_secs()), (vec![20, 31, 42, 53], 58));
}

#[tokio::test(start_paused = true)]
async fn looks_that_fail_hold_up_no_renewal() {
    let renewed_at = Arc::new(Mutex::new(Vec::new()));
    let engine = Engine::with(ScriptedAgents::new(|_, _| stream(0..70, SECOND)), |tools| {
        // So that a look is made half a second before each renewal.
        tools.settings.poll_interval = Duration::from_millis(1500);
        let (noted, began) = (Arc::clone(&renewed_at), Instant::now());
        let sessions = AroundSessions::of(tools.sessions.clone()).load(|_| async { Err(StoreError::Throttled) });
        tools.sessions = Arc::new(sessions.apply(move |apply| {
            if matches!(apply.transition, Transition::Renew { .. }) {
                noted.lock().unwrap().push(began.elapsed().as_millis());
            }
            async move { apply.done().await }
        }));
    });
    engine.say("c", &prompt("s", "r")).await;
    assert!(engine.work_next().await);
    assert_eq!(*renewed_at.lock().unwrap(), [20_000, 40_000, 60_000]);
}

/// A queue that refuses everything while it is down.
struct Down(Arc<dyn Visibility>, AtomicBool);

#[async_trait]
impl Visibility for Down {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        if self.1.load(Ordering::Relaxed) {
            return Err(QueueError::Unavailable("down".to_owned()));
        }
        self.0.extend(receipt, period).await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.0.delete(receipt).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_stays_hidden_though_the_queue_is_down_for_a_while_and_that_is_logged_once() {
    let log = Log::capture();
    let mut down = None;
    let engine = Engine::with(ScriptedAgents::new(|_, _| stream(0..200, SECOND)), |tools| {
        let queue = Arc::new(Down(tools.visibility.clone(), AtomicBool::new(false)));
        tools.visibility = queue.clone();
        down = Some(queue);
    });
    engine.say("c", &prompt("s", "r")).await;
    let _worker = engine.work_alone().await;
    let is_given_out = async |time| timeout(time, engine.queue.receive()).await.is_ok();
    for (is_down, seconds) in [(false, 10), (true, 45), (false, 100)] {
        down.as_ref().unwrap().1.store(is_down, Ordering::Relaxed);
        assert!(!is_given_out(seconds * SECOND).await, "{is_down}");
    }
    assert_eq!(log.text().matches("visibility was not extended").count(), 1, "{}", log.text());
}

/// The clock of a machine that stands still now and then: its timers do not know.
struct Standing(Arc<dyn Clock>, AtomicU64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0.now().after(Duration::from_secs(self.1.load(Ordering::Relaxed)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_machine_stood_still_until_its_lease_was_over_pushes_nothing_more() {
    let steps = || vec![Step::Wait(SECOND * 11 / 2), Step::Events(vec!["1".to_owned()]), Step::Hang];
    let mut clock = None;
    let engine = Engine::with(ScriptedAgents::new(move |_, _| Script::Reply(steps())), |tools| {
        let standing = Arc::new(Standing(tools.clock.clone(), AtomicU64::new(0)));
        tools.clock = standing.clone();
        clock = Some(standing);
    });
    engine.say("c", &prompt("s", "r")).await;
    let worker = engine.work_alone().await;
    // Between two looks at the session.
    pass(5.2).await;
    clock.unwrap().1.store(60, Ordering::Relaxed);
    assert!(!worker.await.unwrap(), "it gives the message back");
    assert_eq!(engine.frames("c", "r").len(), 1, "only `started`");
}
