//! The same over the table on the model of DynamoDB: the engine with the very expressions that are sent, and with an SDK
//! that sends a write again when its answer is lost.
//!
//! A call of the SDK is slow where it is not optimised, so this is a smaller world.

use std::sync::Arc;

use super::dice::Dice;
use super::shared::Stores;
use super::world::{Faults, Scale, Tally};
use super::{asked_for, held, simulate};
use crate::support::dynamodb::DynamoDb;

const SMALL: Scale = Scale { clients: 12, prompts_per_client: 4, sessions: 8, workers: 1, lambdas: 5, observers: 8 };

/// How often the answer to a write is lost, and the write sent again.
const LOST: f64 = 0.05;

fn run(seed: u64, faults: Faults, lost: f64) -> Result<Tally, String> {
    let dice = Dice::new(seed);
    let table = Arc::new(DynamoDb::losing_answers(move || dice.chance(lost)).table());
    let stores =
        Stores { sessions: table.clone(), connections: table.clone(), reply_runs: table.clone(), journal: table };
    simulate(seed, SMALL, faults, stores)
}

fn storm(seed: u64) -> usize {
    held(seed, run(seed, Faults::storm(), LOST)).requests
}

#[test]
fn the_invariants_hold_over_the_table_under_faults() {
    assert!((500..503).map(storm).sum::<usize>() > 140);
}

#[test]
fn the_invariants_hold_over_the_table_for_detached_runs() {
    let storm = |seed| held(seed, run(seed, Faults::detached_storm(), LOST)).detached;
    let detached: usize = (510..512).map(storm).sum();
    assert!(detached > 15, "{detached}");
}

#[test]
fn the_invariants_hold_over_the_table_in_fair_weather_and_a_seed_replays_exactly() {
    let outcome = run(1, Faults::none(), LOST);
    assert!(outcome.is_ok());
    assert_eq!(run(1, Faults::none(), LOST), outcome);
}

#[test]
fn the_invariants_hold_over_the_table_for_the_seeds_that_are_asked_for() {
    asked_for(storm);
}
