//! The worker, under paused time.

mod age;
mod calls;
mod cost;
pub mod crashes;
mod devices;
mod durable;
mod endings;
mod outages;
pub mod runs;
mod stops;
