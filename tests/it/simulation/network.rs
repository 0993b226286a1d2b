//! Connections that drop, throttle, hang, and answer an error though they delivered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::dice::Dice;

/// The way to all connections of a simulation.
#[derive(Clone)]
pub struct Network {
    dice: Dice,
    trouble: Arc<Mutex<f64>>,
    inboxes: Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Value>>>>,
}

impl Network {
    pub fn new(dice: Dice, trouble: f64) -> Self {
        Self { dice, trouble: Arc::new(Mutex::new(trouble)), inboxes: Arc::default() }
    }

    /// Opens a connection; messages come out of the receiver.
    pub fn open(&self, connection: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inboxes.lock().unwrap().insert(connection.to_owned(), sender);
        receiver
    }

    /// From now on all goes well.
    pub fn calm(&self) {
        *self.trouble.lock().unwrap() = 0.0;
    }

    /// The network drops it.
    pub fn close(&self, connection: &str) {
        self.inboxes.lock().unwrap().remove(connection);
    }

    fn deliver(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        assert!(text.len() <= 32 * 1024, "a message of {} bytes", text.len());
        let message = serde_json::from_str(text).expect("a message is JSON");
        let inboxes = self.inboxes.lock().unwrap();
        let inbox = inboxes.get(connection.as_str()).ok_or(PushError::Gone)?;
        inbox.send(message).map_err(|_| PushError::Gone)
    }
}

#[async_trait]
impl Push for Network {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        let trouble = *self.trouble.lock().unwrap();
        let failed = |reason: &str| Err(PushError::Unavailable(reason.to_owned()));
        if self.dice.chance(trouble) {
            return Err(PushError::Throttled);
        }
        if self.dice.chance(trouble) {
            return failed("not delivered");
        }
        if self.dice.chance(trouble / 4.0) {
            sleep(Duration::from_secs(3)).await;
            return failed("it hung");
        }
        sleep(self.dice.time(Duration::from_millis(if self.dice.chance(trouble) { 1000 } else { 30 }))).await;
        self.deliver(connection, text)?;
        if self.dice.chance(trouble / 2.0) {
            return failed("delivered, but the answer was lost");
        }
        Ok(())
    }
}
