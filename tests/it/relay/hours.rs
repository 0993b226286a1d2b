//! Hours: a run that goes on grows by what its agent says, and by nothing else.

use std::fmt::Debug;

use agentcore_gateway::session::Cursor;
use serde_json::json;

use super::*;
use crate::support::clock::pass;
use crate::support::engine::events_of;

const TWO_HOURS: u64 = 2 * 60 * 60;

/// By when everything has been forgotten once that is ever forgotten: the queue knows its messages for five minutes.
const EARLY: u64 = 20 * 60;

/// A long run whose agent says something each second, by way of the queue.
struct Hours {
    long_run: LongRun,
    queue: Arc<MemoryQueue>,
    /// How many messages wait when the relay takes them, as one batch.
    batch: u64,
}

impl Hours {
    async fn begin(engine: Engine, batch: u64) -> Self {
        let queue = Arc::new(MemoryQueue::new(QueueLimits::default()));
        Self { long_run: LongRun::of(engine, "r").await, queue, batch }
    }

    /// Lets two hours pass, and ends the run; what `measure` finds early and late.
    async fn pass<T>(&self, measure: impl AsyncFn(&Self) -> T) -> [T; 2] {
        let saying = async {
            self.say(0..EARLY).await;
            let early = measure(self).await;
            self.say(EARLY..TWO_HOURS).await;
            let late = measure(self).await;
            self.put(TWO_HOURS, &self.long_run.completed(TWO_HOURS));
            self.relay_next().await;
            [early, late]
        };
        let looking = async { while !self.long_run.look().await {} };
        tokio::join!(saying, looking).0
    }

    async fn say(&self, seconds: std::ops::Range<u64>) {
        for second in seconds {
            pass(1.0).await;
            self.put(second, &self.long_run.message(second, &[said(second)]));
            if (second + 1) % self.batch == 0 {
                self.relay_next().await;
            }
        }
    }

    fn put(&self, index: u64, message: &Value) {
        let group = self.long_run.reply["group"].as_str().unwrap();
        // As long as the hash that it really is.
        self.queue.put(group, &format!("{index:064}"), &message.to_string()).unwrap();
    }

    async fn relay_next(&self) {
        let batch = self.queue.receive_batch(10).await;
        let receipts: Vec<_> = batch.iter().map(|delivery| delivery.receipt.clone()).collect();
        let tools = Tools { visibility: self.queue.clone(), ..self.long_run.tools() };
        let response = Relay::new(tools).handle(event_of(batch), None).await;
        assert_eq!(response.batch_item_failures.len(), 0, "a message has to come again");
        receipts.iter().for_each(|receipt| self.queue.delete(receipt));
    }

    /// The agent has said all that it was to say, each once, and it was called once.
    fn check(&self) {
        let frames = self.long_run.frames("c");
        let events = events_of(&frames);
        assert_eq!(events[..2], [json!("first"), json!("second")]);
        assert!(events[2..].iter().cloned().eq((0..TWO_HOURS).map(said)));
        assert_eq!(contents(&frames).last(), Some(&json!("completed")));
        assert_eq!(self.long_run.pushes("c"), frames.len(), "nothing twice");
        let engine = &self.long_run.engine;
        assert_eq!((engine.agents.calls().len(), engine.events.told().len()), (1, 1));
        assert!(engine.queue.is_empty() && engine.watch.is_empty() && self.queue.is_empty());
        assert!(self.queue.dead_letters().is_empty() && engine.watch.dead_letters().is_empty());
    }
}

fn said(second: u64) -> Value {
    json!({"second": second, "text": "still at it"})
}

/// The session, when every message has been relayed: one device, which has everything.
async fn session(hours: &Hours) -> Value {
    assert_eq!((hours.queue.len(), hours.queue.bytes()), (0, 0));
    let session = hours.long_run.session().await;
    let cursors: Vec<_> = session.connections.values().map(|attachment| &attachment.cursor).collect();
    assert_eq!(cursors, [&Cursor::Live]);
    json!(session)
}

/// How large something is, all that is in it included.
fn size(something: &impl Debug) -> usize {
    format!("{something:?}").len()
}

/// Whether what had one size early has the other late. Numbers get longer, by a digit in an hour.
fn assert_same(what: &str, early: usize, late: usize) {
    assert!(late <= early + early / 20, "{what} has grown from {early} to {late}");
}

#[tokio::test(start_paused = true)]
async fn in_two_hours_nothing_but_the_journal_grows_in_memory() {
    let hours = Hours::begin(engine_of(agents()), 1).await;
    let measure = async |hours: &Hours| {
        let engine = &hours.long_run.engine;
        let sizes = [size(&engine.table), size(&hours.queue), size(&engine.queue), size(&engine.watch)];
        (session(hours).await.to_string().len(), sizes)
    };
    let [early, late] = hours.pass(measure).await;
    assert_same("the session", early.0, late.0);
    let names = ["the table with sessions, connections and names of runs", "replies", "prompts", "watches"];
    for ((name, early), late) in names.iter().zip(early.1).zip(late.1) {
        assert_same(name, early, late);
    }
    hours.check();
}

#[cfg(feature = "functions")]
mod table {
    use std::collections::BTreeMap;

    use super::*;
    use crate::support::dynamodb::DynamoDb;

    /// The items by their partitions' kinds: how many there are of a kind, and how many bytes they have as JSON.
    fn items(db: &DynamoDb) -> BTreeMap<String, (usize, usize)> {
        let mut kinds = BTreeMap::<_, (usize, usize)>::new();
        for item in db.items() {
            let kind = item["pk"]["S"].as_str().unwrap().split('#').next().unwrap().to_owned();
            let (count, bytes) = kinds.entry(kind).or_default();
            *count += 1;
            *bytes += item.to_string().len();
        }
        kinds
    }

    #[tokio::test(start_paused = true)]
    async fn in_two_hours_nothing_but_the_journal_grows_in_the_table() {
        let db = DynamoDb::default();
        let table = Arc::new(db.table());
        let engine = engine_with(agents(), |tools| {
            tools.sessions = table.clone();
            tools.connections = table.clone();
            tools.reply_runs = table.clone();
            tools.journal = table;
        });
        // A call of the SDK is slow where it is not optimised.
        let hours = Hours::begin(engine, 10).await;
        let measure = async |hours: &Hours| {
            session(hours).await;
            items(&db)
        };
        let [mut early, mut late] = hours.pass(measure).await;
        let journals = [early.remove("RUN"), late.remove("RUN")].map(|journal| journal.unwrap().0 as u64);
        assert!(journals[0] <= EARLY / 10 + 2 && journals[1] <= TWO_HOURS / 10 + 2, "{journals:?}");
        assert!(early.keys().eq(late.keys()) && early.len() == 3, "{early:?} {late:?}");
        for ((kind, (count, early)), (now, late)) in early.iter().zip(late.values()) {
            assert_eq!((*count, *now), (1, 1), "{kind}");
            assert_same(kind, *early, *late);
        }
        hours.check();
    }
}
