//! The operations, each on the whole table at once.

use serde_json::{Map, Value, json};

use super::condition::holds;
use super::syntax::Reader;
use super::value::size;
use super::{Item, State, rules, text, update};

/// A page of a query ends with the item that makes it so large.
const PAGE_BYTES: usize = 1024 * 1024;

/// No item may be larger.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// Why a request did nothing.
pub enum Refusal {
    /// Its condition does not hold, for this item if that was asked for.
    Condition(Option<Item>),
    /// DynamoDB takes no such request.
    Invalid(String),
}

impl State {
    pub fn execute(&mut self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        if let [first, ..] = &rules::objections(request)[..] {
            return Err(Refusal::Invalid(first.clone()));
        }
        match operation {
            "GetItem" => Ok(with("Item", self.get(object(request, "Key")).cloned())),
            "PutItem" => self.put_item(request),
            "UpdateItem" => self.update_item(request),
            "DeleteItem" => self.delete_item(request),
            "Query" => self.query(request),
            _ => Err(Refusal::Invalid(format!("{operation} is not modelled"))),
        }
    }

    fn put_item(&mut self, request: &Value) -> Result<Value, Refusal> {
        let item = object(request, "Item");
        self.check(request, item)?;
        let item = fitting(item.clone())?;
        let old = self.put(item);
        Ok(with("Attributes", old.filter(|_| request["ReturnValues"] == "ALL_OLD")))
    }

    fn update_item(&mut self, request: &Value) -> Result<Value, Refusal> {
        let key = object(request, "Key");
        self.check(request, key)?;
        let old = self.get(key).unwrap_or(key);
        let mut new = old.clone();
        if let Some(expression) = request["UpdateExpression"].as_str() {
            let changes = Reader::new(expression, request).update().map_err(Refusal::Invalid)?;
            update::apply(&changes, old, &mut new).map_err(Refusal::Invalid)?;
        }
        let new = fitting(new)?;
        self.put(new.clone());
        Ok(with("Attributes", Some(new).filter(|_| request["ReturnValues"] == "ALL_NEW")))
    }

    fn delete_item(&mut self, request: &Value) -> Result<Value, Refusal> {
        let key = object(request, "Key");
        self.check(request, key)?;
        let old = self.delete(key);
        Ok(with("Attributes", old.filter(|_| request["ReturnValues"] == "ALL_OLD")))
    }

    /// Whether the condition of a write to `key` holds for what stands there.
    fn check(&self, request: &Value, key: &Item) -> Result<(), Refusal> {
        let Some(expression) = request["ConditionExpression"].as_str() else { return Ok(()) };
        let condition = Reader::new(expression, request).condition().map_err(Refusal::Invalid)?;
        let stands = self.get(key);
        if holds(&condition, stands.unwrap_or(&Map::new())) {
            return Ok(());
        }
        let is_wanted = request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
        Err(Refusal::Condition(stands.filter(|_| is_wanted).cloned()))
    }

    fn query(&mut self, request: &Value) -> Result<Value, Refusal> {
        let condition = |member: &str| {
            let expression = request[member].as_str();
            expression.map(|text| Reader::new(text, request).condition()).transpose().map_err(Refusal::Invalid)
        };
        let invalid = |message: &str| Refusal::Invalid(message.to_owned());
        let key = condition("KeyConditionExpression")?.ok_or_else(|| invalid("a query needs a key"))?;
        let partition = key.equals("pk").ok_or_else(|| invalid("a query is for one partition"))?.to_owned();
        let filter = condition("FilterExpression")?;
        let shown = request["ProjectionExpression"].as_str();
        let shown = shown.map(|text| Reader::new(text, request).paths()).transpose().map_err(Refusal::Invalid)?;

        let start = request.get("ExclusiveStartKey").and_then(Value::as_object).map(|key| text(key, "sk"));
        let backward = request["ScanIndexForward"] == false;
        let limit = request["Limit"].as_u64().map_or(usize::MAX, |limit| limit.try_into().unwrap());
        let (mut found, mut read, mut bytes, mut end) = (Vec::new(), 0, 0, None);
        for item in self.from(&partition, start, backward).filter(|item| holds(&key, item)) {
            if read == limit || bytes >= PAGE_BYTES {
                break;
            }
            (read, bytes) = (read + 1, bytes + item_size(item));
            let is_full = read == limit || bytes >= PAGE_BYTES;
            end = is_full.then(|| json!({"pk": item["pk"], "sk": item["sk"]}));
            if filter.as_ref().is_none_or(|filter| holds(filter, item)) {
                found.push(match &shown {
                    Some(paths) => update::project(paths, item),
                    None => item.clone(),
                });
            }
        }
        self.items_read += read;
        let mut answer = json!({"Count": found.len(), "ScannedCount": read, "Items": found});
        if let Some(end) = end {
            answer["LastEvaluatedKey"] = end;
        }
        Ok(answer)
    }
}

fn object<'a>(request: &'a Value, member: &str) -> &'a Item {
    request[member].as_object().expect("a request has a key or an item")
}

fn with(member: &str, item: Option<Item>) -> Value {
    item.map_or_else(|| json!({}), |item| json!({member: item}))
}

fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

fn fitting(item: Item) -> Result<Item, Refusal> {
    if item_size(&item) > MAX_ITEM_BYTES {
        return Err(Refusal::Invalid("Item size has exceeded the maximum allowed size".to_owned()));
    }
    Ok(item)
}
