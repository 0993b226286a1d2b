//! The worker, under paused time.

mod calls;
mod cost;
pub mod crashes;
mod dead_letters;
mod devices;
pub mod runs;
mod stops;
