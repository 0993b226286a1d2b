//! The whole engine under paused time and random faults, replayed exactly by a seed.
//!
//! Real handlers and workers over in-memory adapters that throttle, take up to 70 s, lose answers and are asked twice;
//! workers that die, freeze, come to their deadline, or are cut off from the table; functions that freeze between their
//! calls and in their middle; messages that come twice, or to nobody; connections that drop, vanish, hang and throttle;
//! agents that fail in every way; clients that follow the client rules of the protocol, some in a hurry; others that only
//! watch; crowds. Afterwards the [`verifier`] checks the invariants from what clients received, what agents were called
//! with, and what each connection that lived was [`owed`].

mod agents;
mod client;
mod detached;
mod device;
mod dice;
mod fates;
mod functions;
mod gateway;
mod long_runs;
mod network;
mod observer;
mod owed;
mod process;
mod relays;
mod shared;
mod slowness;
mod source;
mod stores;
#[cfg(feature = "functions")]
mod table;
mod uploads;
mod verifier;
mod weather;
mod workers;
mod world;

use std::time::{Duration, Instant};

use shared::Stores;
use world::{Faults, Scale, Tally};

/// Runs one seed; its report if an invariant broke.
fn simulate(seed: u64, scale: Scale, faults: Faults, stores: Stores) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(world::run(seed, scale, faults, stores))
}

fn assert_holds(seed: u64, scale: Scale, faults: Faults) -> Tally {
    held(seed, simulate(seed, scale, faults, Stores::in_memory()))
}

/// What there was, unless something broke.
fn held(seed: u64, outcome: Result<Tally, String>) -> Tally {
    match outcome {
        Ok(tally) => tally,
        Err(report) => panic!("seed {seed}, to be replayed with SIMULATION_SEED={seed}:\n{report}"),
    }
}

const SCALE: Scale =
    Scale { clients: 24, prompts_per_client: 12, sessions: 16, workers: 2, lambdas: 10, observers: 16 };

fn seeds(first: u64) -> usize {
    (first..first + 9).map(|seed| assert_holds(seed, SCALE, Faults::storm()).requests).sum()
}

#[test]
fn the_invariants_hold_in_fair_weather() {
    assert_holds(1, SCALE, Faults::none());
}

#[test]
fn a_seed_replays_exactly() {
    let outcome = simulate(99, SCALE, Faults::storm(), Stores::in_memory());
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(simulate(99, SCALE, Faults::storm(), Stores::in_memory()), outcome);
}

#[test]
fn the_invariants_hold_under_faults_a() {
    assert!(seeds(100) > 2500);
}

#[test]
fn the_invariants_hold_under_faults_b() {
    assert!(seeds(200) > 2500);
}

#[test]
fn the_invariants_hold_under_faults_c() {
    assert!(seeds(300) > 2500);
}

#[test]
fn the_invariants_hold_under_faults_d() {
    assert!(seeds(400) > 2500);
}

/// Clients that have a session each, and one prompt at a time: most prompts find it free, and their agents go on.
const APART: Scale = Scale { sessions: 48, ..SCALE };

/// A world where most agents go on by themselves; how many did. By even seeds the clients get in each other's way, and many
/// prompts find their session busy.
fn detached_storm(seed: u64) -> usize {
    let (scale, at_once) = if seed.is_multiple_of(2) { (SCALE, 3) } else { (APART, 1) };
    assert_holds(seed, scale, Faults { at_once, ..Faults::detached_storm() }).detached
}

fn detached(first: u64) -> usize {
    (first..first + 9).map(detached_storm).sum()
}

#[test]
fn the_invariants_hold_for_detached_runs_in_fair_weather() {
    let tally = assert_holds(600, SCALE, Faults { detached: 0.8, ..Faults::none() });
    assert!(tally.detached > 20, "{tally:?}");
}

#[test]
fn the_invariants_hold_for_detached_runs_under_faults_a() {
    assert!(detached(601) > 1000);
}

#[test]
fn the_invariants_hold_for_detached_runs_under_faults_b() {
    assert!(detached(701) > 1000);
}

#[test]
fn the_invariants_hold_for_detached_runs_for_the_seeds_that_are_asked_for() {
    asked_for(detached_storm);
}

#[test]
fn the_invariants_hold_for_the_seeds_that_are_asked_for() {
    asked_for(|seed| assert_holds(seed, SCALE, Faults::storm()).requests);
}

/// One seed, or as many as fit so many seconds: `make soak`.
fn asked_for(holds: impl Fn(u64) -> usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    if let Some(seed) = number("SIMULATION_SEED") {
        holds(seed);
    }
    let Some(seconds) = number("SOAK_SECONDS") else { return };
    let (began, mut seed, mut prompts) = (Instant::now(), u64::from(std::process::id()) << 20, 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        prompts += holds(seed);
        seed += 1;
    }
    tracing::info!(prompts, "all held");
}
