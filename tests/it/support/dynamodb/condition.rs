//! Whether a condition holds for an item.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Item;
use super::syntax::{Condition, Operand};
use super::value::{compare, length};

/// Whether `condition` holds for `item`; one that is not there has no attributes.
pub fn holds(condition: &Condition, item: &Item) -> bool {
    match condition {
        Condition::Any(conditions) => conditions.iter().any(|condition| holds(condition, item)),
        Condition::All(conditions) => conditions.iter().all(|condition| holds(condition, item)),
        Condition::Exists(path) => at(path, item).is_some(),
        Condition::Missing(path) => at(path, item).is_none(),
        Condition::Compare(one, operator, other) => {
            // Without an attribute there is no order: then nothing holds but that the two differ.
            let order = evaluate(one, item).zip(evaluate(other, item)).and_then(|(one, other)| compare(&one, &other));
            match operator.as_str() {
                "=" => order == Some(Ordering::Equal),
                "<>" => order != Some(Ordering::Equal),
                "<" => order.is_some_and(Ordering::is_lt),
                "<=" => order.is_some_and(Ordering::is_le),
                ">" => order.is_some_and(Ordering::is_gt),
                _ => order.is_some_and(Ordering::is_ge),
            }
        }
    }
}

/// What `operand` is for `item`; `None`: an attribute that is not there.
pub fn evaluate<'a>(operand: &'a Operand, item: &'a Item) -> Option<Cow<'a, Value>> {
    match operand {
        Operand::Path(path) => at(path, item).map(Cow::Borrowed),
        Operand::Value(value) => Some(Cow::Borrowed(value)),
        Operand::Size(path) => at(path, item).map(|value| Cow::Owned(json!({"N": length(value).to_string()}))),
        Operand::IfNotExists(path, otherwise) => {
            at(path, item).map(Cow::Borrowed).or_else(|| evaluate(otherwise, item))
        }
    }
}

/// What stands at `path` in `item`.
fn at<'a>(path: &[String], item: &'a Item) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(item.get(first)?, |value, name| value.get("M")?.get(name))
}
