//! Moving a run on by its agent's messages: into the journal, into the session, and to the devices.

use std::time::Duration;

use tracing::info;

use super::Tools;
use super::deliver::Brought;
use super::plan::{End, Plan, Position, Step};
use super::take::{Taken, Valid};
use crate::backoff::retry;
use crate::choices::OnAbandoned;
use crate::journal::{Appended, Segment};
use crate::metrics;
use crate::protocol::frame::{Ending, FrameMaker};
use crate::protocol::ids::ReplyRun;
use crate::queue::reply::ReplyMessage;
use crate::session::store::StoreError;
use crate::session::transition::Transition;
use crate::session::{Active, DETACHED_LEASE, Detached, LeaseId, MoveBegan, RunKey, Session};

/// How long a store is tried. Then the messages come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A detached run that is to be moved on.
pub(super) struct Moving<'a> {
    pub(super) run: &'a RunKey,
    /// As its agent knows it.
    pub(super) name: &'a ReplyRun,
    pub(super) session: &'a Session,
    pub(super) active: &'a Active,
    pub(super) detached: Detached,
    /// Who writes. Another look at the run is another writer: what it then wants to write need not be the same.
    pub(super) writer: LeaseId,
}

/// How far a run was moved on.
pub(super) enum Advanced {
    To(Taken),
    /// Somebody else has moved it on, or has ended it.
    Outrun,
}

/// The messages that bring something.
struct Fresh<'a> {
    messages: Vec<&'a ReplyMessage>,
    /// Whether some of those that bring nothing more belong to the last move: what that owed may not have been pushed.
    repeats_last_move: bool,
    taken: Taken,
}

/// How far the journal was written.
enum Written {
    To(Position, Brought),
    Ended(Position, End),
    Outrun,
}

impl Tools {
    /// Moves a run on by `messages`.
    pub(super) async fn advance(&self, moving: &Moving<'_>, messages: &[Valid<'_>]) -> Result<Advanced, StoreError> {
        let fresh = fresh(messages, &moving.detached);
        let began = began(&moving.detached, fresh.repeats_last_move);
        if fresh.messages.is_empty() {
            if fresh.repeats_last_move {
                self.deliver(moving, moving.session, began.seq, Brought::default()).await?;
            }
            return Ok(Advanced::To(fresh.taken));
        }
        match self.write(moving, fresh.messages).await? {
            Written::To(position, brought) => self.move_run(moving, began, position, brought, fresh.taken).await,
            Written::Ended(position, end) => self.end(moving, began, position, end).await,
            Written::Outrun => Ok(Advanced::Outrun),
        }
    }

    /// Appends what `messages` bring to the journal. What stands there already counts as theirs.
    async fn write(&self, moving: &Moving<'_>, messages: Vec<&ReplyMessage>) -> Result<Written, StoreError> {
        let maker = FrameMaker::new(&moving.run.request, &moving.run.session.session);
        let plan = Plan::new(messages, maker, self.settings.max_reply_bytes);
        let mut position = Position { seq: moving.detached.last_seq, next: moving.detached.next };
        let mut brought = Brought::default();
        while let Some(step) = plan.step(position) {
            let Some(segment) = step.segment() else {
                position = step.behind;
                continue;
            };
            match self.append(moving, &segment).await? {
                Appended::Written => {
                    let Step { frames, events, ending, behind } = step;
                    let of_events = frames.len() - usize::from(ending.is_some());
                    metrics::EVENTS.counter(&[]).increment(events as u64);
                    metrics::FRAMES.counter(&[]).increment(of_events as u64);
                    if let Some(end) = ending {
                        return Ok(Written::Ended(behind, end));
                    }
                    position = behind;
                    brought.add(frames);
                }
                Appended::Overtaken(stands) if stands.outcome.is_some() => return Ok(Written::Outrun),
                Appended::Overtaken(stands) => {
                    position = Position { seq: stands.last, next: stands.next.unwrap_or(position.next) };
                    brought = Brought::default();
                }
            }
        }
        Ok(Written::To(position, brought))
    }

    async fn append(&self, moving: &Moving<'_>, segment: &Segment) -> Result<Appended, StoreError> {
        let append = || self.journal.append(moving.run, segment, &moving.writer, self.clock.now());
        retry(PATIENCE, |_| true, append).await
    }

    /// Moves the session on to where the journal is, and pushes what that brings.
    async fn move_run(
        &self,
        moving: &Moving<'_>,
        began: MoveBegan,
        position: Position,
        brought: Brought,
        taken: Taken,
    ) -> Result<Advanced, StoreError> {
        let to = Detached { next: position.next, last_seq: position.seq, move_began: began };
        let now = self.clock.now();
        let (run, from, until) = (moving.name.clone(), moving.detached, now.after(DETACHED_LEASE));
        let transition = Transition::Move { run, from, to, until };
        let Ok(session) = self.sessions.apply(&moving.run.session, &transition, now).await? else {
            return Ok(Advanced::Outrun);
        };
        if session.connections.is_empty() && self.settings.on_abandoned == OnAbandoned::Stop {
            info!(session = moving.run.session.log_name(), request = %moving.run.request, "nobody watches the run: it is stopped");
            let ended = self.recovery().end_detached(moving.run, &moving.writer, &Ending::Stopped).await?;
            if let Some(ended) = ended {
                self.after_ending(moving.run, ended, Some(moving.name), &moving.writer).await;
            }
            return Ok(Advanced::To(Taken::All));
        }
        self.deliver(moving, &session, began.seq, brought).await?;
        Ok(Advanced::To(taken))
    }

    /// The journal has the ending, by this relay: the session is freed, and its devices are told. What comes behind an
    /// ending is nothing.
    async fn end(
        &self,
        moving: &Moving<'_>,
        began: MoveBegan,
        position: Position,
        End { ending, agent_goes_on }: End,
    ) -> Result<Advanced, StoreError> {
        self.recovery().tell(moving.run, moving.session, &ending).await;
        let unstopped = self.recovery().unstopped(moving.active, ending.outcome(), self.clock.now());
        let unstopped = unstopped.filter(|_| agent_goes_on);
        let ended = (ending.outcome(), position.seq);
        let is_finished =
            self.finish(moving.run, moving.session, Some(began.seq), ended, unstopped, &moving.writer).await?;
        Ok(if is_finished { Advanced::To(Taken::All) } else { Advanced::Outrun })
    }
}

/// Those messages that come next, one behind the other.
fn fresh<'a>(messages: &[Valid<'a>], detached: &Detached) -> Fresh<'a> {
    let mut in_order = messages.to_vec();
    in_order.sort_by_key(|(_, message)| message.index);
    let fresh = fresh_of(&in_order, detached);
    // An agent that has sent several at once may have had to send the first of them again, behind the others. With one still
    // missing, what is dealt with has to stand in front.
    if fresh.taken == Taken::All { fresh } else { fresh_of(messages, detached) }
}

/// The same of messages in the order in which they are to be taken.
fn fresh_of<'a>(messages: &[Valid<'a>], detached: &Detached) -> Fresh<'a> {
    let mut next = detached.next.index;
    let mut fresh = Fresh { messages: Vec::new(), repeats_last_move: false, taken: Taken::All };
    for &(at, message) in messages {
        if message.index > next {
            fresh.taken = Taken::First(at);
            break;
        }
        if message.index == next {
            fresh.messages.push(message);
            next += 1;
        } else if message.index < detached.next.index && message.index >= detached.move_began.index {
            fresh.repeats_last_move = true;
        }
    }
    fresh
}

/// Where the next move begins. Where messages of the last one come again, that may not have been pushed, and is part of
/// this one.
fn began(detached: &Detached, repeats_last_move: bool) -> MoveBegan {
    if repeats_last_move {
        return detached.move_began;
    }
    MoveBegan { index: detached.next.index, seq: detached.last_seq }
}
