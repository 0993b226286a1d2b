//! How soon a frame of a reply may follow the one before.

use std::time::Duration;

/// The pace of a reply's frames, which slows down as the reply grows.
///
/// Each frame is a message to each device, and messages are most of what a reply costs. A reader reads at a constant
/// pace: what comes early matters most, and later there is more to read than has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    shortest: Duration,
    longest: Duration,
}

/// The longest time between two frames is shorter than the shortest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the longest time between two frames, {} ms, is shorter than the shortest one, {} ms", .longest.as_millis(), .shortest.as_millis())]
pub struct InvalidPace {
    shortest: Duration,
    longest: Duration,
}

impl Pace {
    /// The shortest time between two frames where nothing else is said.
    pub const SHORTEST: Duration = Duration::from_millis(100);
    /// The longest time between two frames where nothing else is said.
    pub const LONGEST: Duration = Duration::from_secs(1);
    /// Every event leaves at once.
    pub const UNBOUNDED: Self = Self { shortest: Duration::ZERO, longest: Duration::ZERO };

    /// A quarter of a reply's age lies between two of its frames, but never less than `shortest` and never more than
    /// `longest`: [`LONGEST`](Self::LONGEST) where that is not given, or `shortest` if that is more. Equal ones make the pace
    /// constant.
    ///
    /// # Errors
    /// If `longest` is shorter than `shortest`.
    pub fn new(shortest: Duration, longest: Option<Duration>) -> Result<Self, InvalidPace> {
        let longest = longest.unwrap_or(Self::LONGEST.max(shortest));
        if longest < shortest { Err(InvalidPace { shortest, longest }) } else { Ok(Self { shortest, longest }) }
    }

    /// How long after a frame the next one may leave, where the frame left at this `age` of the reply: the time since
    /// its first event.
    #[must_use]
    pub fn interval(self, age: Duration) -> Duration {
        (age / 4).clamp(self.shortest, self.longest)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { shortest: Self::SHORTEST, longest: Self::LONGEST }
    }
}
