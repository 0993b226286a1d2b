//! The worker, under paused time.

mod calls;
pub mod crashes;
mod devices;
pub mod runs;
mod stops;
