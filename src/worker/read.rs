//! Reading a reply to its end, and what became of it.

use std::pin::pin;

use tokio::time::{Instant, sleep};
use tracing::warn;

use super::Tools;
use super::call::silent;
use super::coalesce::Coalescing;
use crate::agent::{MAX_EVENT_BYTES, Progress, Reply, ReplyError};
use crate::metrics::Hearing;
use crate::protocol::event::Event;
use crate::protocol::frame::{Ending, Failure, FailureCode};
use crate::protocol::ids::ReplyRun;
use crate::protocol::marker::Marker;
use crate::protocol::report::{NotWhole, Reports};
use crate::protocol::words;

/// How a call came to its end.
#[derive(Debug)]
pub(super) enum Called {
    /// The run has this ending.
    Ended {
        ending: Ending,
        /// The agent may still be at work.
        agent_goes_on: bool,
    },
    /// The agent goes on by itself, after so many bytes of events.
    Detached { bytes: usize },
}

impl Called {
    /// The agent has said all that it had to say, or is gone.
    fn to_its_end(ending: Ending) -> Self {
        Self::Ended { ending, agent_goes_on: false }
    }

    /// The run has failed, and the agent may not know it.
    fn failed_unheard(failure: Failure) -> Self {
        Self::Ended { ending: Ending::Failed(failure), agent_goes_on: true }
    }
}

impl From<Failure> for Called {
    /// The agent may go on where the gateway gives up; where the agent itself has failed it does not.
    fn from(failure: Failure) -> Self {
        let agent_goes_on = matches!(failure.code, FailureCode::AgentTimeout | FailureCode::OutputTooLarge);
        Self::Ended { ending: Ending::Failed(failure), agent_goes_on }
    }
}

/// A reply that is being read.
struct Reading<'a> {
    /// The run as its agent knows it, if that may go on by itself.
    run: Option<&'a ReplyRun>,
    /// How many bytes of events have come.
    bytes: usize,
    /// How many may.
    max_bytes: usize,
    /// What its events report, if it is a stream.
    reports: Option<Reports>,
}

impl Tools {
    /// Adds the events of `reply` to `coalescing`, until it ends or fails, or its agent goes on by itself, which knows
    /// its run as `run`.
    pub(super) async fn read(
        &self,
        mut reply: Box<dyn Reply>,
        run: Option<&ReplyRun>,
        mut hearing: Hearing,
        coalescing: &mut Coalescing<'_>,
    ) -> Called {
        let reports = reply.is_stream().then(Reports::default);
        let mut reading = Reading { run, bytes: 0, max_bytes: self.settings.max_reply_bytes, reports };
        let mut silence = pin!(sleep(self.settings.silence_limit));
        loop {
            // A limit beyond all time is none.
            if let Some(end) = Instant::now().checked_add(self.settings.silence_limit) {
                silence.as_mut().reset(end);
            }
            let next = async {
                tokio::select! {
                    biased;
                    progress = reply.next() => Some(progress),
                    () = silence.as_mut() => None,
                }
            };
            let (mut batch, is_end) = match coalescing.meanwhile(next).await {
                Some(Ok(Progress::Events(batch))) => (batch, false),
                Some(Ok(Progress::End(batch))) => (batch, true),
                Some(Err(error)) => return reading.broken(&error),
                None => return silent().into(),
            };
            let called = reading.cut_at_end(&mut batch);
            batch.retain(Event::has_data);
            hearing.heard(batch.len());
            if !batch.is_empty() {
                coalescing.add(batch).await;
            }
            match called {
                Some(called) => return called,
                None if is_end => return Called::to_its_end(reading.end()),
                None => {}
            }
        }
    }
}

impl Reading<'_> {
    /// Cuts `batch` behind the first event that ends the call, or before a marker, and says how it does.
    fn cut_at_end(&mut self, batch: &mut Vec<Event>) -> Option<Called> {
        for at in 0..batch.len() {
            let event = &batch[at];
            match self.run.map_or(Marker::None, |run| Marker::of(event.as_json(), run)) {
                Marker::None => {}
                Marker::Own => {
                    batch.truncate(at);
                    return Some(Called::Detached { bytes: self.bytes });
                }
                Marker::Foreign => {
                    batch.truncate(at);
                    let message = "The agent answered with the marker of another run.";
                    return Some(Called::failed_unheard(reported(message.to_owned())));
                }
            }
            let bytes = self.bytes + event.as_json().len();
            if bytes > self.max_bytes {
                batch.truncate(at);
                return Some(Failure::reply_too_large().into());
            }
            self.bytes = bytes;
            if let Some(words) = self.reports.as_mut().and_then(|reports| reports.take(event)) {
                batch.truncate(at + 1);
                return Some(reported(words).into());
            }
        }
        None
    }

    /// What a reply is that has come to its end.
    fn end(&self) -> Ending {
        match self.reports.as_ref().map_or(Ok(()), Reports::end) {
            Ok(()) => Ending::Completed,
            Err(NotWhole::Failed(words)) => Ending::Failed(reported(words)),
            Err(NotWhole::BrokenOff) => Ending::Failed(broken_off()),
        }
    }

    /// What a reply is that did not come to its end.
    fn broken(&self, error: &ReplyError) -> Called {
        warn!(%error, "the agent's reply did not come to its end");
        // An agent could name its encoding as it likes.
        let unreadable = |message: &str| Failure::lasting(FailureCode::AgentError, words(message));
        match error {
            ReplyError::Broken(_) => {
                let words = self.reports.as_ref().and_then(Reports::failure);
                words.map_or_else(broken_off, reported).into()
            }
            ReplyError::TooLarge => {
                let message = format!("An event of the agent is larger than {MAX_EVENT_BYTES} bytes.");
                Failure::lasting(FailureCode::OutputTooLarge, message).into()
            }
            ReplyError::UnknownEncoding(name) => {
                let message = format!("The agent's reply has the content encoding {name:?}, which is not decoded.");
                Called::failed_unheard(unreadable(&message))
            }
            ReplyError::BadEncoding(name) => {
                let message = format!("The agent's reply cannot be decoded: it is no valid {name}.");
                Called::failed_unheard(unreadable(&message))
            }
            ReplyError::NoEventStream => {
                unreadable("The agent's reply is no event stream, though its Content-Type says so.").into()
            }
        }
    }
}

fn reported(words: String) -> Failure {
    Failure::retryable(FailureCode::AgentError, words)
}

fn broken_off() -> Failure {
    reported("The agent's reply broke off.".to_owned())
}
