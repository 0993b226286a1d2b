//! Connections that drop, vanish, throttle, hang, stall, take their time, and answer an error though they delivered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::protocol::ids::ConnectionId;
use agentcore_gateway::push::{Push, PushError};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::dice::Dice;
use super::process::Process;
use super::slowness::Slowness;
use super::verifier::Record;

/// So long API Gateway takes messages for a connection whose client has vanished without a word.
const UNNOTICED: Duration = Duration::from_secs(600);

/// The longest that a connection takes nothing: some are then detached, and others resume before.
const LONGEST_STALL: Duration = Duration::from_secs(60);

/// Where messages to a connection go.
enum Line {
    /// Nowhere yet: `$connect` has not returned.
    Connecting(mpsc::UnboundedSender<Value>),
    Open(mpsc::UnboundedSender<Value>),
    /// Nowhere, though it seems so until then.
    Vanished(Instant),
}

/// The way to all connections of a simulation, as one process has it.
#[derive(Clone)]
pub struct Network {
    dice: Dice,
    trouble: Arc<Mutex<f64>>,
    lines: Arc<Mutex<HashMap<String, Line>>>,
    /// Connections that take nothing, and until when.
    stalls: Arc<Mutex<HashMap<String, Instant>>>,
    slowness: Slowness,
    record: Record,
    process: Process,
}

impl Network {
    pub fn new(dice: Dice, trouble: f64, record: Record) -> Self {
        let slowness = Slowness::new(record.owed.clone(), record.detached.clone());
        let (trouble, process) = (Arc::new(Mutex::new(trouble)), Process::new(usize::MAX));
        Self { dice, trouble, lines: Arc::default(), stalls: Arc::default(), slowness, record, process }
    }

    /// The same network, as `process` has it.
    pub fn of(&self, process: &Process) -> Self {
        Self { process: process.clone(), ..self.clone() }
    }

    /// Begins to open a connection; messages come out of the receiver once it is accepted.
    pub fn open(&self, connection: &str, principal: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.record.owed.opened(connection, principal);
        self.lines.lock().unwrap().insert(connection.to_owned(), Line::Connecting(sender));
        receiver
    }

    /// `$connect` has returned, and let it in.
    pub fn accept(&self, connection: &str) {
        if let Some(line) = self.lines.lock().unwrap().get_mut(connection)
            && let Line::Connecting(sender) = line
        {
            *line = Line::Open(sender.clone());
        }
    }

    /// From now on all goes well.
    pub fn calm(&self) {
        *self.trouble.lock().unwrap() = 0.0;
    }

    /// It closes, and API Gateway knows.
    pub fn close(&self, connection: &str) {
        self.record.owed.is_over(connection);
        self.lines.lock().unwrap().remove(connection);
    }

    /// Its client changes networks: nobody knows for some time.
    pub fn vanish(&self, connection: &str) {
        self.record.owed.is_over(connection);
        let until = Instant::now() + self.dice.time(UNNOTICED);
        self.lines.lock().unwrap().insert(connection.to_owned(), Line::Vanished(until));
    }

    /// Gives `message` to the client.
    pub fn deliver(&self, connection: &str, message: Value) -> Result<(), PushError> {
        let lines = self.lines.lock().unwrap();
        match lines.get(connection) {
            Some(Line::Open(inbox)) => {
                self.record.owed.delivered(connection, &message);
                inbox.send(message).map_err(|_| PushError::Gone)
            }
            Some(Line::Vanished(until)) if Instant::now() < *until => Ok(()),
            _ => Err(PushError::Gone),
        }
    }

    /// Whether the connection takes nothing for the moment.
    fn stalls(&self, connection: &str, trouble: f64) -> bool {
        let mut stalls = self.stalls.lock().unwrap();
        if self.dice.chance(trouble / 40.0) {
            stalls.insert(connection.to_owned(), Instant::now() + self.dice.time(LONGEST_STALL));
        }
        stalls.get(connection).is_some_and(|until| Instant::now() < *until)
    }

    async fn attempt(&self, connection: &str, message: Value) -> Result<(), PushError> {
        let trouble = *self.trouble.lock().unwrap();
        let failed = |reason: &str| Err(PushError::Unavailable(reason.to_owned()));
        if self.dice.chance(trouble) {
            return Err(PushError::Throttled);
        }
        if self.dice.chance(trouble) {
            return failed("not delivered");
        }
        if self.stalls(connection, trouble) || self.dice.chance(trouble / 4.0) {
            sleep(Duration::from_secs(3)).await;
            return failed("it hung");
        }
        let longest = if self.dice.chance(trouble / 10.0) {
            Duration::from_secs(70)
        } else {
            Duration::from_millis(if self.dice.chance(trouble) { 1000 } else { 30 })
        };
        sleep(self.dice.time(longest)).await;
        self.deliver(connection, message)?;
        if self.dice.chance(trouble / 2.0) {
            return failed("delivered, but the answer was lost");
        }
        Ok(())
    }
}

#[async_trait]
impl Push for Network {
    async fn push(&self, connection: &ConnectionId, text: &str) -> Result<(), PushError> {
        assert!(text.len() <= 32 * 1024, "a message of {} bytes", text.len());
        let message: Value = serde_json::from_str(text).expect("a message is JSON");
        self.process.awake().await;
        let sockets = self.process.sockets();
        let mut attempt = self.slowness.begin(&self.process, connection.as_str(), &message);
        let answer = self.attempt(connection.as_str(), message).await;
        attempt.is_answered();
        self.process.awake().await;
        let is_lost = self.process.sockets() != sockets;
        let pushed = if is_lost { Err(PushError::Unavailable("the answer was lost".to_owned())) } else { answer };
        attempt.ended(&pushed);
        pushed
    }
}
