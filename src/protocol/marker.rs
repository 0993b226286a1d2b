//! The marker: what an agent answers with that goes on by itself.

use super::ids::{RUN_PREFIX, ReplyRun};
use super::object::{count_members, member, string};

/// The one member of a marker.
const DETACHED: &str = "detached";

/// What an event is, as far as markers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// No marker: an event like others.
    None,
    /// The marker of this run.
    Own,
    /// The marker of another run.
    Foreign,
}

impl Marker {
    /// Reads `event`, a JSON text, as an answer in `run`: a marker is exactly `{"detached": "run-…"}`.
    #[must_use]
    pub fn of(event: &str, run: &ReplyRun) -> Self {
        let Some(value) = member(event, DETACHED).filter(|_| count_members(event) == 1) else { return Self::None };
        match string(value).as_deref() {
            Some(named) if named == run.as_str() => Self::Own,
            Some(named) if named.starts_with(RUN_PREFIX) => Self::Foreign,
            _ => Self::None,
        }
    }
}
