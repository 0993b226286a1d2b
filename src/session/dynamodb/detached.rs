//! What a session's item holds of a run whose agent goes on by itself.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{agent_of, map_of, member};
use crate::protocol::ids::ReplyRun;
use crate::protocol::reply::TokenHash;
use crate::session::store::StoreError;
use crate::session::{Detached, LeaseId, MoveBegan, NextMessage, ReplyGrant, Unstopped};
use crate::table::{Attributes, Item, malformed, number, text};

/// By what an agent's messages are known. A map, because conditions look at its parts; so are the others.
pub(super) fn grant_value(ReplyGrant { run, token }: &ReplyGrant) -> AttributeValue {
    map_of([("run", text(run.as_str())), ("token", text(&token.0))])
}

pub(super) fn grant_of(parts: &Item) -> Result<ReplyGrant, StoreError> {
    let run = ReplyRun::parse(parts.text("run")?).map_err(|_| malformed("reply.run"))?;
    Ok(ReplyGrant { run, token: TokenHash(parts.text("token")?.to_owned()) })
}

/// How far a detached run is.
pub(super) fn detached_value(detached: &Detached) -> AttributeValue {
    let [index, frames, bytes] = next_values(detached.next);
    map_of([
        index,
        frames,
        bytes,
        ("last_seq", number(detached.last_seq)),
        ("began_index", number(detached.move_began.index)),
        ("began_seq", number(detached.move_began.seq)),
    ])
}

pub(super) fn detached_of(parts: &Item) -> Result<Detached, StoreError> {
    Ok(Detached {
        next: next_of(parts)?,
        last_seq: parts.number("last_seq")?,
        move_began: MoveBegan { index: parts.number("began_index")?, seq: parts.number("began_seq")? },
    })
}

/// Where a detached run's messages go on, of a session or of a segment.
pub(crate) fn next_of(parts: &Item) -> Result<NextMessage, StoreError> {
    let (index, frames) = (parts.number("next_index")?, parts.number("next_frames")?);
    Ok(NextMessage { index, frames, bytes: parts.number("next_bytes")? })
}

/// The attributes that [`next_of`] reads.
pub(crate) fn next_values(next: NextMessage) -> [(&'static str, AttributeValue); 3] {
    [("next_index", number(next.index)), ("next_frames", number(next.frames)), ("next_bytes", number(next.bytes))]
}

/// An agent that has to be stopped.
pub(super) fn unstopped_value(Unstopped { agent, reply, until, stopper }: &Unstopped) -> AttributeValue {
    let mut parts = vec![("agent", text(agent.as_str())), ("reply", grant_value(reply)), ("until", number(until.0))];
    if let Some((LeaseId(stopper), until)) = stopper {
        parts.extend([("stopper", text(stopper)), ("stopper_until", number(until.0))]);
    }
    map_of(parts)
}

pub(super) fn unstopped_of(parts: &Item) -> Result<Unstopped, StoreError> {
    let stopper = parts
        .get("stopper")
        .map(|_| Ok::<_, StoreError>((LeaseId(parts.text("stopper")?.to_owned()), parts.moment("stopper_until")?)));
    Ok(Unstopped {
        agent: agent_of(parts)?,
        reply: grant_of(member(parts, "reply")?.ok_or_else(|| malformed("unstopped.reply"))?)?,
        until: parts.moment("until")?,
        stopper: stopper.transpose()?,
    })
}
