//! A client that keeps the client rules of the protocol, on a network that drops it; now and then in a hurry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep};

use super::dice::Dice;
use super::gateway::Gateway;
use super::world::Faults;
use crate::support::reply::ReplyInParts;

/// Without any frame of a run for so long, a client resumes.
const SILENCE: Duration = Duration::from_secs(60);

/// A client asks for the same gap again no sooner.
const RESUME_PAUSE: Duration = Duration::from_secs(5);

/// So many resumes at most a client in a hurry sends at once.
const STORM: usize = 8;

/// A request that stays queued for so long is sent again.
const QUEUED_PATIENCE: Duration = Duration::from_secs(300);

/// No run of a simulation may take longer.
const LIVENESS: Duration = Duration::from_secs(3000);

/// So much later an upload may come.
const LATE: Duration = Duration::from_secs(90);

/// A prompt that was uploaded.
struct Upload {
    id: String,
    /// Whether it had come before a prompt named it.
    is_there: bool,
}

/// What a client knows of one request.
struct Pending {
    is_accepted: bool,
    /// Whether this client sent the prompt; else it watches.
    is_mine: bool,
    upload: Option<Upload>,
    reply: ReplyInParts,
    heard: Instant,
    resumed: Option<Instant>,
    queued_since: Option<Instant>,
    /// The gateway said that it has ended, yet its ending did not come.
    has_ended: bool,
}

impl Pending {
    fn new(is_mine: bool) -> Self {
        Self {
            is_accepted: !is_mine,
            is_mine,
            upload: None,
            reply: ReplyInParts::default(),
            heard: Instant::now(),
            resumed: None,
            queued_since: None,
            has_ended: false,
        }
    }
}

pub struct Client {
    pub gateway: Arc<Gateway>,
    pub name: String,
    pub principal: String,
    pub session: String,
    pub prompts: usize,
    pub faults: Faults,
    pub dice: Dice,
}

impl Client {
    /// Sends its prompts and waits for all their endings.
    pub async fn live(self) {
        let mut pending: BTreeMap<String, Pending> = BTreeMap::new();
        let mut left = self.prompts;
        let mut connections = 0;
        let mut done = BTreeSet::new();
        while left > 0 || pending.values().any(|pending| pending.is_mine) {
            connections += 1;
            let connection = format!("{}-{connections}=", self.name);
            let mut inbox = self.gateway.network.open(&connection, &self.principal);
            let attach = self.dice.chance(0.5).then_some(self.session.as_str());
            if self.gateway.connect(&connection, &self.principal, attach).await {
                for (request, known) in &mut pending {
                    self.recover(&connection, request, known).await;
                }
                self.converse(&connection, &mut inbox, &mut pending, &mut left, &mut done).await;
            }
            if self.dice.chance(0.7) {
                self.gateway.network.close(&connection);
                self.gateway.disconnect(&connection, &self.principal).await;
            } else {
                self.gateway.network.vanish(&connection);
            }
            sleep(self.dice.time(Duration::from_secs(8))).await;
        }
    }

    async fn converse(
        &self,
        connection: &str,
        inbox: &mut mpsc::UnboundedReceiver<Value>,
        pending: &mut BTreeMap<String, Pending>,
        left: &mut usize,
        done: &mut BTreeSet<String>,
    ) {
        let mut ticks = interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                biased;
                Some(message) = inbox.recv() => self.take(message, pending, done),
                _ = ticks.tick() => {
                    if self.dice.chance(self.faults.drop) {
                        return;
                    }
                    self.tick(connection, pending, left).await;
                }
            }
            if *left == 0 && !pending.values().any(|pending| pending.is_mine) {
                return;
            }
        }
    }

    /// What is due: a new prompt, a stop, and whatever the client rules demand for those that wait.
    async fn tick(&self, connection: &str, pending: &mut BTreeMap<String, Pending>, left: &mut usize) {
        let mine = pending.values().filter(|pending| pending.is_mine).count();
        if *left > 0 && mine < self.faults.at_once && self.dice.chance(0.5) {
            *left -= 1;
            let request = format!("{}.{left}", self.name);
            let mut known = Pending::new(true);
            self.send_prompt(connection, &request, &mut known).await;
            pending.insert(request, known);
        }
        for (request, known) in pending.iter_mut() {
            assert!(known.heard.elapsed() < LIVENESS, "{request} never ends");
            let silent = known.heard.elapsed() > SILENCE || known.reply.has_gap() || known.has_ended;
            let may_ask = known.resumed.is_none_or(|asked| asked.elapsed() > RESUME_PAUSE);
            let stays_queued = known.queued_since.is_some_and(|since| since.elapsed() > QUEUED_PATIENCE);
            if (known.is_mine && !known.is_accepted) || (silent && may_ask) || stays_queued {
                self.recover(connection, request, known).await;
            } else if self.dice.chance(self.faults.stop) {
                let stop = json!({"action": "stop", "sessionId": self.session, "requestId": request});
                self.gateway.say(connection, &self.principal, &stop).await;
            }
        }
        if self.dice.chance(self.faults.resumes) {
            self.storm(connection, pending);
        }
    }

    /// Several resumes at once, of the same and of other requests, from anywhere.
    fn storm(&self, connection: &str, pending: &BTreeMap<String, Pending>) {
        let known: Vec<(&String, u64)> =
            pending.iter().map(|(request, known)| (request, known.reply.contiguous())).collect();
        for _ in 0..2 + self.dice.below(STORM - 1) {
            let named = (!known.is_empty() && self.dice.chance(0.8)).then(|| known[self.dice.below(known.len())]);
            let after = match named {
                Some((_, last)) => self.dice.below(last as usize + 1) as u64,
                None => [0, u64::MAX][self.dice.below(2)],
            };
            let request = named.map(|(request, _)| request.as_str());
            self.gateway.resume(connection, &self.principal, &self.session, request, after);
        }
    }

    async fn recover(&self, connection: &str, request: &str, known: &mut Pending) {
        if known.queued_since.is_some_and(|since| since.elapsed() > QUEUED_PATIENCE) {
            known.is_accepted = false;
            known.queued_since = None;
        }
        if known.is_mine && !known.is_accepted {
            self.send_prompt(connection, request, known).await;
            return;
        }
        // What was seen beyond the end was void: only from the beginning can the ending be found.
        let after = if known.has_ended { 0 } else { known.reply.contiguous() };
        known.resumed = Some(Instant::now());
        known.has_ended = false;
        self.gateway.resume(connection, &self.principal, &self.session, Some(request), after);
    }

    async fn send_prompt(&self, connection: &str, request: &str, known: &mut Pending) {
        let who = format!("{}/{}/{request}", self.principal, self.session);
        if known.upload.is_none() && self.dice.chance(self.faults.upload) {
            known.upload = self.upload(connection, &who).await;
        }
        let prompt = match &known.upload {
            Some(Upload { id, .. }) => json!({"upload": id, "sessionId": self.session, "requestId": request}),
            None => json!({"prompt": who, "sessionId": self.session, "requestId": request}),
        };
        let answer = self.gateway.say(connection, &self.principal, &prompt).await;
        known.is_accepted = answer.is_some_and(|answer| answer["type"] == "accepted");
    }

    /// Uploads the prompt of `who`, or does not.
    async fn upload(&self, connection: &str, who: &str) -> Option<Upload> {
        let body = json!({"prompt": who}).to_string();
        let wish = json!({"action": "upload", "bytes": body.len()});
        let answer = self.gateway.say(connection, &self.principal, &wish).await?;
        let (id, url) = (answer["uploadId"].as_str()?.to_owned(), answer["url"].as_str()?.to_owned());
        let (fate, bucket) = (self.dice.below(10), self.gateway.bucket.clone());
        match fate {
            // It never comes.
            0 => {}
            1 | 2 => {
                let late = self.dice.time(LATE);
                tokio::spawn(async move {
                    sleep(late).await;
                    bucket.put(&url, body);
                });
            }
            _ => bucket.put(&url, body),
        }
        Some(Upload { id, is_there: fate > 2 })
    }

    fn take(&self, message: Value, pending: &mut BTreeMap<String, Pending>, done: &mut BTreeSet<String>) {
        let Some(request) = message["requestId"].as_str().map(str::to_owned) else { return };
        if message["sessionId"] != self.session.as_str() {
            self.gateway.record.broke(format!("I6: {} got a frame of session {}", self.name, message["sessionId"]));
        }
        if done.contains(&request) {
            return;
        }
        let known = pending.entry(request.clone()).or_insert_with(|| Pending::new(false));
        known.heard = Instant::now();
        if message["code"] == "invalid_upload"
            && known.upload.as_ref().is_none_or(|upload| upload.is_there)
            && known.is_mine
        {
            self.gateway.record.broke(format!("upload: {request} failed, though it had been uploaded: {message}"));
        }
        match message["type"].as_str() {
            Some("resumed") => {
                let is_queued = message["state"] == "queued";
                known.queued_since = is_queued.then(|| known.queued_since.unwrap_or_else(Instant::now));
                known.has_ended = matches!(message["state"].as_str(), Some("completed" | "failed" | "stopped"));
            }
            Some("started" | "output" | "completed" | "failed" | "stopped") => {
                known.queued_since = None;
                let text = message.to_string();
                if !known.reply.take(message) {
                    self.gateway
                        .record
                        .broke(format!("I2: {} got another frame of the same number: {text:.200}", self.name));
                }
            }
            _ => {}
        }
        if known.reply.is_whole() {
            let whole = pending.remove(&request).expect("it is there");
            done.insert(request.clone());
            let who = format!("{}/{}/{request}", self.principal, self.session);
            self.gateway.record.reply(&who, &self.name, whole.reply.into_frames());
        }
    }
}
