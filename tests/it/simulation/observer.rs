//! Clients that only watch: they connect to a session, listen for a long time, and most never ask for anything. Some
//! resume what they do not hear to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep, timeout};

use super::dice::Dice;
use super::gateway::Gateway;
use crate::support::reply::ReplyInParts;
use crate::support::socket::is_ending;

/// How many join a session at once, when many do: more than it may have.
const CROWD: usize = 36;

/// How long the members of a crowd live at most: a few stay.
const SHORT_LIFE: Duration = Duration::from_secs(60);
const LONG_LIFE: Duration = Duration::from_secs(1500);

/// Some who watch resume a run that they know of, and do not hear of for longer: before they count as taking nothing.
const SILENCE: Duration = Duration::from_secs(20);

/// How often they look whether they hear of all.
const TICK: Duration = Duration::from_secs(5);

/// From one crowd to the next, at most.
const BETWEEN_CROWDS: Duration = Duration::from_secs(1200);

pub struct Observer {
    pub gateway: Arc<Gateway>,
    pub name: String,
    pub principal: String,
    pub session: String,
    /// The network drops it within a second.
    pub drop: f64,
    pub dice: Dice,
}

impl Observer {
    /// Watches for ever: ends with the task that runs it.
    pub async fn watch(self) {
        for number in 1.. {
            let connection = format!("{}-{number}=", self.name);
            let mut inbox = self.gateway.network.open(&connection, &self.principal);
            let by_resume = self.dice.chance(0.3);
            let session = (!by_resume).then_some(self.session.as_str());
            if self.gateway.connect(&connection, &self.principal, session).await {
                let life = if self.drop > 0.0 {
                    self.dice.time(Duration::from_secs_f64(2.0 / self.drop))
                } else {
                    Duration::MAX
                };
                if by_resume {
                    self.gateway.resume(&connection, &self.principal, &self.session, None, 0);
                }
                let patience = if by_resume { SILENCE } else { Duration::MAX };
                let _ = timeout(life, self.listen(&connection, &mut inbox, patience)).await;
            }
            self.gateway.network.vanish(&connection);
            sleep(self.dice.time(Duration::from_secs(8))).await;
        }
    }

    /// Hears what comes, and notes the replies that it heard from their beginning to their end. Resumes a run that it knows
    /// of and does not hear of for longer than its patience.
    async fn listen(&self, connection: &str, inbox: &mut mpsc::UnboundedReceiver<Value>, patience: Duration) {
        let mut replies = BTreeMap::<String, (ReplyInParts, Instant)>::new();
        let mut ticks = interval(TICK);
        loop {
            tokio::select! {
                biased;
                Some(message) = inbox.recv() => self.take(connection, message, &mut replies),
                _ = ticks.tick(), if patience < Duration::MAX => {
                    for (request, (reply, heard)) in &mut replies {
                        if heard.elapsed() > patience {
                            let (after, request) = (reply.contiguous(), Some(request.as_str()));
                            self.gateway.resume(connection, &self.principal, &self.session, request, after);
                            *heard = Instant::now();
                        }
                    }
                }
            }
        }
    }

    fn take(&self, connection: &str, message: Value, replies: &mut BTreeMap<String, (ReplyInParts, Instant)>) {
        let Some(request) = message["requestId"].as_str().map(str::to_owned) else { return };
        if message.get("seq").is_none() {
            if let Some((_, heard)) = replies.get_mut(&request) {
                *heard = Instant::now();
            }
            return;
        }
        let (reply, heard) =
            replies.entry(request.clone()).or_insert_with(|| (ReplyInParts::default(), Instant::now()));
        *heard = Instant::now();
        let is_ending = is_ending(&message);
        if !reply.take(message) {
            self.gateway.record.broke(format!("I2: {connection} got two frames of {request} with one number"));
        }
        if reply.is_whole() {
            let who = format!("{}/{}/{request}", self.principal, self.session);
            let (reply, _) = replies.remove(&request).expect("it is there");
            self.gateway.record.reply(&who, connection, reply.into_frames());
        } else if is_ending {
            // It came too late to hear the beginning, and does not ask for it.
            replies.remove(&request);
        }
    }
}

/// Now and then many connections join one session, and most vanish soon without a word: phones that change networks.
pub async fn gather_crowds(gateway: Arc<Gateway>, dice: Dice, sessions: Vec<(String, String)>) {
    for number in 1.. {
        sleep(dice.time(BETWEEN_CROWDS)).await;
        let (principal, session) = &sessions[dice.below(sessions.len())];
        for member in 0..CROWD {
            let connection = format!("crowd{number}-{member}=");
            let inbox = gateway.network.open(&connection, principal);
            if gateway.connect(&connection, principal, Some(session)).await {
                let longest = if dice.chance(0.2) { LONG_LIFE } else { SHORT_LIFE };
                let (gateway, lives) = (gateway.clone(), dice.time(longest));
                tokio::spawn(async move {
                    sleep(lives).await;
                    gateway.network.vanish(&connection);
                    drop(inbox);
                });
            }
        }
    }
}
