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
mod verifier;
mod weather;
mod workers;
mod world;

use std::time::{Duration, Instant};

use shared::Stores;
use world::{Faults, Scale};

/// Runs one seed; its report if an invariant broke.
fn simulate(seed: u64, scale: Scale, faults: Faults, stores: Stores) -> Result<(usize, usize), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(world::run(seed, scale, faults, stores))
}

fn assert_holds(seed: u64, scale: Scale, faults: Faults) -> usize {
    held(seed, simulate(seed, scale, faults, Stores::in_memory()))
}

/// How many prompts there were, unless something broke.
fn held(seed: u64, outcome: Result<(usize, usize), String>) -> usize {
    match outcome {
        Ok((prompts, _)) => prompts,
        Err(report) => panic!("seed {seed}, to be replayed with SIMULATION_SEED={seed}:\n{report}"),
    }
}

const SCALE: Scale =
    Scale { clients: 24, prompts_per_client: 12, sessions: 16, workers: 2, lambdas: 10, observers: 16 };

fn seeds(first: u64) -> usize {
    (first..first + 9).map(|seed| assert_holds(seed, SCALE, Faults::storm())).sum()
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

/// Most agents go on by themselves.
fn detached(first: u64) -> usize {
    (first..first + 4).map(|seed| assert_holds(seed, SCALE, Faults::detached_storm())).sum()
}

#[test]
fn the_invariants_hold_for_detached_runs_in_fair_weather() {
    assert_holds(600, SCALE, Faults { detached: 0.8, ..Faults::none() });
}

#[test]
fn the_invariants_hold_for_detached_runs_under_faults_a() {
    assert!(detached(601) > 1100);
}

#[test]
fn the_invariants_hold_for_detached_runs_under_faults_b() {
    assert!(detached(701) > 1100);
}

#[test]
fn the_invariants_hold_for_detached_runs_for_the_seeds_that_are_asked_for() {
    asked_for(|seed| assert_holds(seed, SCALE, Faults::detached_storm()));
}

#[test]
fn the_invariants_hold_for_the_seeds_that_are_asked_for() {
    asked_for(|seed| assert_holds(seed, SCALE, Faults::storm()));
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
