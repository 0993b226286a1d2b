//! Whose messages are taken.

use crate::protocol::ids::ReplyRun;
use crate::protocol::reply::ReplyToken;
use crate::session::Session;

/// Whether who has `token` may speak for the run `name` in `session`, to which that run belongs.
///
/// A run that has ended has no grant any more, so its messages are refused like those with a wrong token.
#[must_use]
pub fn admits(session: &Session, name: &ReplyRun, token: &ReplyToken) -> bool {
    let grant = session.active.as_ref().and_then(|active| active.reply.as_ref());
    grant.is_some_and(|grant| grant.run == *name && grant.token.is_of(token))
}
