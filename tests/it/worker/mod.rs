//! The worker, under paused time.

mod calls;
pub mod crashes;
mod dead_letters;
mod devices;
pub mod runs;
mod stops;
