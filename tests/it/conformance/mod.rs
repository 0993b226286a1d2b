//! What every adapter of a trait must do, written against the trait: an adapter is put through it by one call each.

mod journal;
mod memory;
mod queue;
mod sessions;
