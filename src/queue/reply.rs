//! What stands in a message of the reply queue: what an agent says that goes on by itself. `docs/long-runs.md` is the
//! contract in words.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::tag::{self, MalformedPayload, Unreadable};
use crate::protocol::event::Event;
use crate::protocol::frame::{Ending, Failure, FailureCode};
use crate::protocol::ids::ReplyRun;
use crate::protocol::reply::ReplyToken;
use crate::protocol::words;

const KIND: &str = "reply";

/// A message of an agent that goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyMessage {
    /// The run that it belongs to.
    pub run: ReplyRun,
    /// The proof that its sender was given the run.
    pub token: ReplyToken,
    /// Its place among all messages of the run, from 0 without gaps.
    pub index: u64,
    /// What the agent said, in order. None and no end: the agent lives.
    pub events: Vec<Event>,
    /// How the run ended.
    pub end: Option<Ending>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    run: ReplyRun,
    token: ReplyToken,
    index: u64,
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    #[serde(default)]
    names: BTreeMap<usize, String>,
    #[serde(default)]
    end: Option<End>,
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum End {
    Completed,
    Failed { code: Code, message: String, retryable: bool },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Code {
    AgentError,
    OutputTooLarge,
}

impl ReplyMessage {
    /// Reads a queue message's body.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        tag::check(body, KIND)?;
        let payload: Payload<'_> = serde_json::from_str(body).map_err(MalformedPayload::Json)?;
        let Payload { run, token, index, events, mut names, end } = payload;
        let events = events.into_iter().enumerate().map(|(at, event)| {
            let event = Event::from_data(event.get());
            match names.remove(&at) {
                Some(name) => event.named(&name),
                None => event,
            }
        });
        Ok(Self { run, token, index, events: events.collect(), end: end.map(Ending::from) })
    }

    /// How many bytes of events it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.as_json().len()).sum()
    }

    /// How many bytes its events take in frames.
    #[must_use]
    pub fn size(&self) -> usize {
        self.events.iter().map(Event::size).sum()
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::Completed => Self::Completed,
            End::Failed { code: Code::AgentError, message, retryable } => {
                Self::Failed(Failure { code: FailureCode::AgentError, message: words(&message), retryable })
            }
            End::Failed { code: Code::OutputTooLarge, message, retryable } => {
                Self::Failed(Failure { code: FailureCode::OutputTooLarge, message: words(&message), retryable })
            }
        }
    }
}
