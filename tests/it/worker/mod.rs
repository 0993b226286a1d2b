//! The worker, under paused time.

mod age;
mod calls;
mod cost;
pub mod crashes;
mod devices;
mod endings;
pub mod runs;
mod slowness;
mod stops;
