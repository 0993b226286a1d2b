//! What every adapter of a trait must do, written against the trait: an adapter is put through it by one call each.

mod batch_model;
mod batches;
#[cfg(feature = "functions")]
pub mod dynamodb;
pub mod journal;
mod memory;
pub mod queue;
pub mod sessions;
#[cfg(feature = "functions")]
mod table;
