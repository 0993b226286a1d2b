//! Whose messages are taken.

use crate::protocol::ids::ReplyRun;
use crate::protocol::reply::ReplyToken;
use crate::session::Session;

/// Whether who has `token` may speak for the run `name` in `session`, to which that run belongs.
///
/// A run that has ended has no grant any more, so its messages are refused like those with a wrong token; but while its
/// agent has yet to be stopped they are taken, for the relay stops it when it hears of it.
#[must_use]
pub fn admits(session: &Session, name: &ReplyRun, token: &ReplyToken) -> bool {
    session.reply_grant(name).is_some_and(|grant| grant.token.is_of(token))
}
