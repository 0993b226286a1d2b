//! What whoever deploys the gateway chooses for runs that end before their agents do.

use std::str::FromStr;

/// What becomes of the agent's session when a run ends before the agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// `StopRuntimeSession`: AgentCore does not tell an agent that nobody listens any more.
    StopSession,
    /// Nothing: the agent goes on, unheard.
    Detach,
}

/// A word that is no [`OnStop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be stop-session or detach")]
pub struct InvalidOnStop;

impl FromStr for OnStop {
    type Err = InvalidOnStop;

    fn from_str(word: &str) -> Result<Self, InvalidOnStop> {
        match word {
            "stop-session" => Ok(Self::StopSession),
            "detach" => Ok(Self::Detach),
            _ => Err(InvalidOnStop),
        }
    }
}

/// What becomes of a run that no connection watches any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAbandoned {
    /// It goes on into the journal, for a client that comes back.
    Continue,
    /// It is stopped.
    Stop,
}
