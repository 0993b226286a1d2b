//! What a store or a queue is like at a moment: slow calls now and then, and times in which nearly all are throttled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::dice::Dice;

/// The longest that a call may take.
const SLOWEST: Duration = Duration::from_secs(70);

/// Calls fail this often while the stores are throttled.
const THROTTLED: f64 = 0.9;

/// From one time of throttling to the next, and how long each is, at most.
const BETWEEN: Duration = Duration::from_secs(900);
const THROTTLING: Duration = Duration::from_secs(180);

/// The weather of one store, for all processes of a simulation.
#[derive(Clone)]
pub struct Weather {
    dice: Dice,
    /// How often a call fails before it did anything, and as often after it did.
    failure: f64,
    /// How often a call takes up to 70 s.
    slow: f64,
    /// When the stores are throttled next, and until when.
    throttling: Arc<Mutex<Option<(Instant, Instant)>>>,
}

impl Weather {
    pub fn new(dice: Dice, failure: f64, slow: f64) -> Self {
        let weather = Self { dice, failure, slow, throttling: Arc::default() };
        *weather.throttling.lock().unwrap() = (slow > 0.0).then(|| weather.next_throttling());
        weather
    }

    /// From now on calls only fail; none is slow, and nothing throttled for long.
    pub fn calm(&self) {
        *self.throttling.lock().unwrap() = None;
    }

    /// Waits as long as it takes to reach a store, or to hear from it.
    pub async fn travel(&self) {
        if self.failure == 0.0 {
            return;
        }
        let is_calm = self.throttling.lock().unwrap().is_none();
        let longest = if !is_calm && self.dice.chance(self.slow) {
            SLOWEST
        } else if self.dice.chance(self.failure) {
            Duration::from_secs(2)
        } else {
            Duration::from_millis(30)
        };
        sleep(self.dice.time(longest)).await;
    }

    /// Whether the store refuses a call now.
    pub fn throttles(&self) -> bool {
        self.dice.chance(if self.is_throttled() { THROTTLED } else { self.failure })
    }

    /// Whether the answer to a call is lost.
    pub fn loses_the_answer(&self) -> bool {
        self.dice.chance(self.failure)
    }

    /// Whether the client of a store loses an answer and makes the call again by itself.
    pub fn repeats(&self) -> bool {
        self.dice.chance(self.failure)
    }

    fn is_throttled(&self) -> bool {
        let now = Instant::now();
        let mut throttling = self.throttling.lock().unwrap();
        let Some((from, until)) = *throttling else { return false };
        if now >= until {
            *throttling = Some(self.next_throttling());
        }
        (from..until).contains(&now)
    }

    fn next_throttling(&self) -> (Instant, Instant) {
        let from = Instant::now() + self.dice.time(BETWEEN);
        (from, from + self.dice.time(THROTTLING))
    }
}
