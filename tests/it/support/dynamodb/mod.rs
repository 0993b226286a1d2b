//! A model of DynamoDB, as far as the gateway uses it: what the AWS SDK sends is answered in the process, by the words of
//! the expressions that it sent.
//!
//! Each request is one step: nothing comes between a condition and its write. A request that DynamoDB would refuse is
//! refused here too. No socket, no time and no chance of its own is involved, so a simulation over it replays exactly.

mod condition;
mod http;
mod operations;
pub mod rules;
mod syntax;
mod update;
mod value;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use agentcore_gateway::table::Table;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use serde_json::{Map, Value};

/// An item in DynamoDB's JSON: `{"pk": {"S": "…"}, …}`.
pub type Item = Map<String, Value>;

/// One table with the keys `pk` and `sk`.
#[derive(Clone, Default)]
pub struct DynamoDb {
    state: Arc<Mutex<State>>,
    loses_answer: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

#[derive(Default)]
struct State {
    partitions: BTreeMap<String, BTreeMap<String, Item>>,
    items_read: usize,
}

impl DynamoDb {
    /// One that, when `loses_answer` says so, loses the answer to a write that it has done; the SDK sends it again, and
    /// gets the answer to the second.
    pub fn losing_answers(loses_answer: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { loses_answer: Some(Arc::new(loses_answer)), ..Self::default() }
    }

    /// The gateway's table on it.
    pub fn table(&self) -> Table {
        Table::new(self.client(), "gateway")
    }

    /// A client that tries nothing again and knows no time-outs: both take real time or chance.
    pub fn client(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url("http://dynamodb.invalid")
            .allow_no_auth()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(self.clone());
        Client::from_conf(config.build())
    }

    /// Puts `item`, whatever stands there.
    pub fn put(&self, item: &Value) {
        self.lock().put(item.as_object().expect("an item").clone());
    }

    /// All items, by partition and sort key.
    pub fn items(&self) -> Vec<Value> {
        self.lock().partitions.values().flat_map(BTreeMap::values).cloned().map(Value::Object).collect()
    }

    /// How many items have been read by queries, whether or not the answers held them.
    pub fn items_read(&self) -> usize {
        self.lock().items_read
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn get(&self, key: &Item) -> Option<&Item> {
        self.partitions.get(text(key, "pk"))?.get(text(key, "sk"))
    }

    fn put(&mut self, mut item: Item) -> Option<Item> {
        item.values_mut().for_each(value::normalise);
        let (partition, sort) = (text(&item, "pk").to_owned(), text(&item, "sk").to_owned());
        self.partitions.entry(partition).or_default().insert(sort, item)
    }

    fn delete(&mut self, key: &Item) -> Option<Item> {
        self.partitions.get_mut(text(key, "pk"))?.remove(text(key, "sk"))
    }

    /// The items of `partition` that stand behind `start`, or before it if they are wanted `backward`.
    fn from<'a>(
        &'a self,
        partition: &str,
        start: Option<&str>,
        backward: bool,
    ) -> Box<dyn Iterator<Item = &'a Item> + 'a> {
        let Some(items) = self.partitions.get(partition) else { return Box::new(std::iter::empty()) };
        let start = start.map_or(Bound::Unbounded, Bound::Excluded);
        if backward {
            Box::new(items.range::<str, _>((Bound::Unbounded, start)).rev().map(|(_, item)| item))
        } else {
            Box::new(items.range::<str, _>((start, Bound::Unbounded)).map(|(_, item)| item))
        }
    }
}

/// The string `name` of `item`: both parts of a key are strings.
fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value["S"].as_str()).expect("a key has pk and sk")
}
