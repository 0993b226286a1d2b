//! Agents that go on by themselves: they send what they have to say as messages, whatever becomes of who called them, until
//! they are done, die, or their session is stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::digest;
use agentcore_gateway::queue::memory::MemoryQueue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::dice::Dice;
use super::verifier::{Record, Who};

/// An agent that has said nothing else says so often that it lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// A message that comes twice comes again within this.
const LATER: Duration = Duration::from_secs(90);

/// The microVMs in which agents go on, by the session that they have.
#[derive(Clone, Default)]
pub struct MicroVms(Arc<Mutex<BTreeMap<String, Vec<Arc<MicroVm>>>>>);

/// One that lives until it is stopped, or its agent is done.
pub struct MicroVm {
    pub who: Who,
    lives: AtomicBool,
}

impl MicroVms {
    fn start(&self, runtime_session: &str, who: &str) -> Arc<MicroVm> {
        let vm = Arc::new(MicroVm { who: who.to_owned(), lives: AtomicBool::new(true) });
        self.0.lock().unwrap().entry(runtime_session.to_owned()).or_default().push(vm.clone());
        vm
    }

    /// Stops all that goes on in a session.
    pub fn stop(&self, runtime_session: &str) {
        for vm in self.0.lock().unwrap().remove(runtime_session).unwrap_or_default() {
            vm.lives.store(false, Ordering::Relaxed);
        }
    }

    /// Whose agents go on in a session.
    pub fn alive(&self, runtime_session: &str) -> Vec<Who> {
        let mut all = self.0.lock().unwrap();
        let vms = all.entry(runtime_session.to_owned()).or_default();
        vms.retain(|vm| vm.lives.load(Ordering::Relaxed));
        vms.iter().map(|vm| vm.who.clone()).collect()
    }
}

/// What an agent is going to do.
pub struct Plan {
    pub who: Who,
    /// What it was given to send by.
    pub reply: Value,
    pub runtime_session: String,
    pub events: Vec<String>,
    /// It says at last that it has completed.
    pub completes: bool,
}

/// Where agents live.
#[derive(Clone)]
pub struct World {
    pub dice: Dice,
    pub record: Record,
    pub replies: Arc<MemoryQueue>,
    pub vms: MicroVms,
    /// How often something goes wrong with an agent, and with a message.
    pub trouble: f64,
}

impl World {
    /// Lets an agent go on.
    pub fn start(&self, plan: Plan) {
        let vm = self.vms.start(&plan.runtime_session, &plan.who);
        let agent = DetachedAgent { world: self.clone(), plan, vm, index: 0, last_said: Instant::now() };
        tokio::spawn(agent.live());
    }
}

struct DetachedAgent {
    world: World,
    plan: Plan,
    vm: Arc<MicroVm>,
    index: u64,
    last_said: Instant,
}

impl DetachedAgent {
    async fn live(mut self) {
        let dice = self.world.dice.clone();
        let pace = Duration::from_secs([1, 5, 40][dice.below(3)]);
        let mut events = std::mem::take(&mut self.plan.events).into_iter().peekable();
        while events.peek().is_some() {
            self.think(dice.time(pace)).await;
            if dice.chance(self.world.trouble / 4.0) {
                // It dies, and nobody hears of that.
                self.vm.lives.store(false, Ordering::Relaxed);
            }
            if dice.chance(self.world.trouble / 4.0) {
                // Its machine stands still: for less than it is waited for, or for more.
                let minutes = [4, 6][dice.below(2)];
                sleep(Duration::from_secs(60 * minutes)).await;
            }
            if !self.lives() {
                return;
            }
            let some = (1 + dice.below(4)).min(events.len());
            let said: Vec<String> = events.by_ref().take(some).collect();
            self.world.record.agent_said(&self.plan.who, said.len());
            self.say(&said, None);
        }
        self.think(dice.time(pace)).await;
        if self.lives() {
            let failed = json!({"outcome": "failed", "code": "agent_error", "message": "no", "retryable": false});
            let end = if self.plan.completes { json!({"outcome": "completed"}) } else { failed };
            self.say(&[], Some(end));
            self.world.record.agent_said_end(&self.plan.who);
            self.vm.lives.store(false, Ordering::Relaxed);
            if dice.chance(self.world.trouble) {
                self.say(&[r#""behind its end""#.to_owned()], None);
            }
        }
    }

    fn lives(&self) -> bool {
        self.vm.lives.load(Ordering::Relaxed)
    }

    /// Says nothing for `time`, but that it lives.
    async fn think(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let heartbeat = self.last_said + HEARTBEAT;
            tokio::time::sleep_until(until.min(heartbeat)).await;
            if until <= heartbeat || !self.lives() {
                return;
            }
            self.say(&[], None);
        }
    }

    /// Sends a message; some come again, and somebody else says the same without the right to.
    fn say(&mut self, events: &[String], end: Option<Value>) {
        let dice = &self.world.dice;
        let token = self.plan.reply["token"].as_str().expect("a token");
        if dice.chance(self.world.trouble) {
            self.put("0", &self.message(&"A".repeat(43), &[r#""forged""#.to_owned()], None));
        }
        let body = self.message(token, events, end.as_ref());
        let deduplication_id = digest::hex(&[&format!("{}:{token}:{}", self.plan.reply["run"], self.index)]);
        self.put(&deduplication_id, &body);
        if dice.chance(self.world.trouble) {
            // The sender had no answer, and sent it again when the queue had forgotten it.
            let (queue, group, again) = (self.world.replies.clone(), self.group(), format!("{deduplication_id}-again"));
            let after = dice.time(LATER);
            tokio::spawn(async move {
                sleep(after).await;
                let _ = queue.put(&group, &again, &body);
            });
        }
        self.index += 1;
        self.last_said = Instant::now();
        self.world.record.agent_spoke(&self.plan.who);
    }

    fn message(&self, token: &str, events: &[String], end: Option<&Value>) -> String {
        let end = end.map(|end| format!(r#","end":{end}"#)).unwrap_or_default();
        format!(
            r#"{{"type":"reply","version":1,"run":{},"token":"{token}","index":{},"events":[{}]{end}}}"#,
            self.plan.reply["run"],
            self.index,
            events.join(",")
        )
    }

    fn put(&self, deduplication_id: &str, body: &str) {
        let deduplication_id = format!("{deduplication_id}-{}", self.index);
        let _ = self.world.replies.put(&self.group(), &deduplication_id, body);
    }

    fn group(&self) -> String {
        self.plan.reply["group"].as_str().expect("a group").to_owned()
    }
}
