//! Where sessions and connections are kept.

use async_trait::async_trait;

use super::transition::{Refusal, Transition};
use super::{ReplayId, RunKey, Session, SessionKey};
use crate::clock::Timestamp;
use crate::protocol::ids::{ConnectionId, Principal, ReplyRun, SessionId};

/// How many sessions a connection's record names; of any more it is detached when a push finds it gone.
pub const MAX_RECORDED_SESSIONS: usize = 32;

/// A store did not do what it was asked; nothing is known of the write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It asks to be left alone for a while.
    #[error("the store is throttled")]
    Throttled,
    /// It cannot be reached, or failed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// A transition that did not apply, and the state that it did not apply to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The session as it is.
    pub session: Session,
}

/// Keeps sessions. Every change is one conditional write; a read sees every write before it.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session as it is; one that nobody has used, or that has expired, is empty.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError>;

    /// Applies `transition` if its condition holds, and returns the session after it.
    ///
    /// # Errors
    /// [`StoreError`]; the inner [`Refused`] if the condition does not hold.
    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError>;
}

/// What is kept of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Who it belongs to.
    pub principal: Principal,
    /// The sessions that it is attached to.
    pub sessions: Vec<SessionId>,
    /// The replay that began last.
    pub replay: Option<ReplayId>,
}

/// Knows whose each connection is.
#[async_trait]
pub trait Owners: Send + Sync {
    /// Who `connection` belongs to, as it was recorded; `None`: it has no record, or has closed. It sees every record that
    /// was made before.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn owner(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Principal>, StoreError>;
}

/// Keeps connections, so that one that closes can be detached from its sessions.
#[async_trait]
pub trait Connections: Send + Sync {
    /// Records that `connection` of `principal` is attached to `session`, and that `replay` is from now on the one that
    /// is under way to it: the one before is over.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The replay that began last to `connection`; `None`: none did, or the connection has closed.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError>;

    /// Forgets `connection`, and returns what was known of it.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError>;
}

/// Knows which run an agent's messages belong to. An agent knows its run by a name of its own, which tells nothing of the
/// session.
#[async_trait]
pub trait ReplyRuns: Send + Sync {
    /// Records that the agent of `run` knows it as `name`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Result<(), StoreError>;

    /// The run that its agent knows as `name`; `None`: there is none, or it is long over. It sees every record that was
    /// made before.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Result<Option<RunKey>, StoreError>;
}
