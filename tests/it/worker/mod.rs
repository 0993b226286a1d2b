//! The worker, under paused time.

mod age;
mod calls;
mod cost;
pub mod crashes;
mod devices;
mod durable;
mod endings;
mod orphans;
mod outages;
mod pace;
mod replies;
pub mod runs;
mod slowness;
mod stops;
mod uploads;
