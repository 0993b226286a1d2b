//! The open connections of this process, and the way to push to them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};

use crate::protocol::MAX_FRAME_BYTES;
use crate::protocol::ids::ConnectionId;
use crate::push::{Push, PushError};

/// So many messages may lie between a push and the socket.
pub(super) const OUTGOING_MESSAGES: usize = 8;

/// How long a push waits for a client that reads slowly before it is throttled.
const SLOW_READER: Duration = Duration::from_secs(1);

/// How long a connection has to go when the gateway stops.
const CLOSING: Duration = Duration::from_secs(1);

/// What a connection's socket is given to do.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Send this.
    Text(String),
    /// Close: the gateway stops.
    GoAway,
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Hub {
    push_delay: Duration,
    sockets: Mutex<HashMap<ConnectionId, mpsc::Sender<Outgoing>>>,
}

impl Hub {
    pub(super) fn new(push_delay: Duration) -> Self {
        Self { push_delay, sockets: Mutex::default() }
    }

    pub(super) fn add(&self, connection: ConnectionId, outgoing: mpsc::Sender<Outgoing>) {
        self.lock().insert(connection, outgoing);
    }

    pub(super) fn remove(&self, connection: &ConnectionId) {
        self.lock().remove(connection);
    }

    /// Asks all connections to close, and waits until all have been told, but not for ever.
    pub(super) async fn close_all(&self) {
        let sockets: Vec<_> = self.lock().drain().map(|(_, outgoing)| outgoing).collect();
        let closing = async {
            for outgoing in &sockets {
                let _ = outgoing.send(Outgoing::GoAway).await;
            }
            for outgoing in &sockets {
                outgoing.closed().await;
            }
        };
        let _ = tokio::time::timeout(CLOSING, closing).await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, mpsc::Sender<Outgoing>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Push for Hub {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        if text.len() > MAX_FRAME_BYTES {
            return Err(PushError::TooLarge);
        }
        if !self.push_delay.is_zero() {
            tokio::time::sleep(self.push_delay).await;
        }
        let outgoing = self.lock().get(connection).cloned().ok_or(PushError::Gone)?;
        let message = match outgoing.try_send(Outgoing::Text(text.to_owned())) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(message) | TrySendError::Closed(message)) => message,
        };
        match outgoing.send_timeout(message, SLOW_READER).await {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(_)) => Err(PushError::Throttled),
            Err(SendTimeoutError::Closed(_)) => Err(PushError::Gone),
        }
    }
}
