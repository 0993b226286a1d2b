//! The worker, under paused time.

mod age;
mod calls;
mod cost;
pub mod crashes;
mod devices;
mod endings;
mod replies;
pub mod runs;
mod stops;
