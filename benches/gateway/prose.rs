//! An agent that says words.

use std::time::Duration;

use agentcore_gateway::random::Random;

use crate::Result;
use crate::scripted::ScriptedAgent;

/// How fast it says them: about as fast as a model writes.
pub(crate) const EVENTS_PER_SECOND: u32 = 30;

/// Where the words come from: varied, and the same for ever.
const TEXT: &str = include_str!("../../LICENSE");

/// An agent that says events of at least so many bytes for so many seconds.
pub(crate) fn agent(event_bytes: usize, seconds: u32) -> Result<ScriptedAgent> {
    let prose = Prose::of(event_bytes);
    let (events, every) = (seconds * EVENTS_PER_SECOND, Duration::from_secs(1) / EVENTS_PER_SECOND);
    Ok(ScriptedAgent::new(usize::try_from(events)?, every, move |_| prose.event()))
}

/// The words of the text in random order, so that they are as frequent as words are, and no sentence comes twice.
pub(crate) struct Prose {
    words: Vec<&'static str>,
    random: Random,
    event_bytes: usize,
}

impl Prose {
    /// Events of at least so many bytes.
    pub(crate) fn of(event_bytes: usize) -> Self {
        Self { words: TEXT.split_whitespace().collect(), random: Random::seeded(1), event_bytes }
    }

    /// So many events.
    pub(crate) fn events(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.event()).collect()
    }

    /// A JSON string of at least so many bytes, and of at least one word.
    fn event(&self) -> String {
        let mut text = String::new();
        while text.len() < self.event_bytes {
            let at = self.random.bits() % self.words.len() as u128;
            text.push(' ');
            text.push_str(self.words[usize::try_from(at).unwrap_or_default()]);
        }
        serde_json::Value::from(text).to_string()
    }
}
