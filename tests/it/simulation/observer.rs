//! Clients that only watch: they connect to a session, listen for a long time, and most never ask for anything again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use super::gateway::Gateway;
use crate::support::reply::ReplyInParts;

/// How many join a session at once, when many do: more than it may have.
const CROWD: usize = 36;

/// How long the members of a crowd live at most: a few stay.
const SHORT_LIFE: Duration = Duration::from_secs(60);
const LONG_LIFE: Duration = Duration::from_secs(1500);

/// From one resume to the next of those who watch and look up now and then, at most.
const BETWEEN_RESUMES: Duration = Duration::from_secs(300);

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
            let by_resume = self.dice.chance(0.2);
            let session = (!by_resume).then_some(self.session.as_str());
            if self.gateway.connect(&connection, &self.principal, session).await {
                let life = if self.drop > 0.0 {
                    self.dice.time(Duration::from_secs_f64(2.0 / self.drop))
                } else {
                    Duration::MAX
                };
                let _ = timeout(life, async {
                    tokio::select! {
                        biased;
                        () = self.listen(&connection, &mut inbox) => {}
                        () = self.look_up(&connection), if by_resume => {}
                    }
                })
                .await;
            }
            self.gateway.network.vanish(&connection);
            sleep(self.dice.time(Duration::from_secs(8))).await;
        }
    }

    /// Attaches anew by a resume now and then, of whatever there is.
    async fn look_up(&self, connection: &str) {
        loop {
            self.gateway.resume(connection, &self.principal, &self.session, None, 0);
            sleep(self.dice.time(BETWEEN_RESUMES)).await;
        }
    }

    /// Hears what comes, and notes the replies that it heard from their beginning to their end.
    async fn listen(&self, connection: &str, inbox: &mut mpsc::UnboundedReceiver<serde_json::Value>) {
        let mut replies = std::collections::BTreeMap::<String, ReplyInParts>::new();
        while let Some(message) = inbox.recv().await {
            let Some(request) = message["requestId"].as_str().map(str::to_owned) else { continue };
            if message.get("seq").is_none() {
                continue;
            }
            let reply = replies.entry(request.clone()).or_default();
            if !reply.take(message) {
                self.gateway.record.broke(format!("I2: {connection} got two frames of {request} with one number"));
            }
            if reply.is_whole() {
                let who = format!("{}/{}/{request}", self.principal, self.session);
                let frames = replies.remove(&request).expect("it is there").into_frames();
                self.gateway.record.reply(&who, connection, frames);
            }
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
