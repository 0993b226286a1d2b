//! What every adapter of a trait must do, written against the trait: an adapter is put through it by one call each.

#[cfg(feature = "functions")]
pub mod dynamodb;
pub mod journal;
mod memory;
pub mod queue;
pub mod sessions;
#[cfg(feature = "functions")]
mod table;
