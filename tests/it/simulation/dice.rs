//! The one source of chance of a simulation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[derive(Clone)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// True once in `1 / probability` times.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.0.lock().unwrap().random::<f64>() < probability
    }

    /// A number below `end`.
    pub fn below(&self, end: usize) -> usize {
        self.0.lock().unwrap().random_range(0..end)
    }

    /// A time up to `longest`.
    pub fn time(&self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.lock().unwrap().random::<f64>())
    }
}
