//! Room for one connection more (I7): the one that was attached first makes it.

use super::store::{Refused, Sessions, StoreError};
use super::transition::{Refusal, Transition};
use super::{Session, SessionKey};
use crate::clock::{Clock, Timestamp};

/// Applies a transition that attaches a connection. Where the session has as many as it may, the one that was attached
/// first is detached: phones change networks and say nothing, so most of those are dead.
///
/// `transition` is made anew for each attempt, at its time: a table may take a minute for each, and a lease or an
/// attachment of a minute ago would be worth nothing.
///
/// # Errors
/// As [`Sessions::apply`], but never for want of room.
pub(crate) async fn apply_making_room(
    sessions: &dyn Sessions,
    clock: &dyn Clock,
    key: &SessionKey,
    transition: impl Fn(Timestamp) -> Transition,
) -> Result<Result<Session, Refused>, StoreError> {
    loop {
        let now = clock.now();
        match sessions.apply(key, &transition(now), now).await? {
            Err(Refused { refusal: Refusal::TooManyConnections, session }) => {
                let Some((connection, attachment)) = session.attached_first() else { continue };
                let detach = Transition::Detach { connection: connection.clone(), seen: Some(attachment.clone()) };
                // Refused: it has been attached anew, and another one is the first.
                let _ = sessions.apply(key, &detach, clock.now()).await?;
            }
            applied => return Ok(applied),
        }
    }
}
