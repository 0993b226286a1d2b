//! Rules of DynamoDB's expressions to which an emulator holds nobody: a request that breaks one is refused, always.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::syntax::{Changes, Path, Reader, tokens};

const EXPRESSIONS: [&str; 5] =
    ["UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression", "ProjectionExpression"];

/// What DynamoDB would object to in `request`.
pub fn objections(request: &Value) -> Vec<String> {
    let mut objections = Vec::new();
    for name in EXPRESSIONS {
        let Some(expression) = request.get(name) else { continue };
        let expression = expression.as_str().expect("an expression is text");
        if expression.trim().is_empty() || expression.len() > 4096 {
            objections.push(format!("{name} has {} bytes", expression.len()));
            continue;
        }
        let reader = Reader::new(expression, request);
        let read = match name {
            "UpdateExpression" => reader.update().map(|changes| objections.extend(to_paths(&changes))),
            "ProjectionExpression" => reader.paths().map(|_| ()),
            _ => reader.condition().map(|_| ()),
        };
        objections.extend(read.err());
    }
    objections.extend(to_placeholders(request));
    for value in request["ExpressionAttributeValues"].as_object().into_iter().flat_map(|values| values.values()) {
        let set = value.get("SS").and_then(Value::as_array);
        if set.is_some_and(|set| set.is_empty() || set.contains(&json!(""))) {
            objections.push(format!("{value} is no set"));
        }
    }
    objections
}

/// What is wrong with placeholders: each is declared and used.
fn to_placeholders(request: &Value) -> Vec<String> {
    let expressions = EXPRESSIONS.iter().filter_map(|name| request.get(name)?.as_str());
    let used: BTreeSet<_> = expressions.flat_map(tokens).filter(|token| token.starts_with(['#', ':'])).collect();
    let declared: BTreeSet<_> = ["ExpressionAttributeNames", "ExpressionAttributeValues"]
        .iter()
        .filter_map(|member| request.get(member)?.as_object())
        .flat_map(|declared| declared.keys().map(String::as_str))
        .collect();
    let unused = declared.difference(&used).map(|unused| format!("{unused} is declared and not used"));
    let unknown = used.difference(&declared).map(|unknown| format!("{unknown} is used and not declared"));
    unused.chain(unknown).collect()
}

/// What is wrong with the paths that an update changes.
fn to_paths(changes: &Changes) -> Vec<String> {
    let set = changes.set.iter().map(|(path, _)| ("SET", path));
    let remove = changes.remove.iter().map(|path| ("REMOVE", path));
    let add = changes.add.iter().map(|(path, _)| ("ADD", path));
    let delete = changes.delete.iter().map(|(path, _)| ("DELETE", path));
    let paths: Vec<(&str, &Path)> = set.chain(remove).chain(add).chain(delete).collect();
    let mut objections = Vec::new();
    for (at, (action, path)) in paths.iter().enumerate() {
        if ["pk", "sk"].contains(&path[0].as_str()) {
            objections.push("the key is changed".to_owned());
        }
        if ["ADD", "DELETE"].contains(action) && path.len() > 1 {
            objections.push(format!("{action} below the top: {path:?}"));
        }
        let before = paths[..at].iter().map(|(_, other)| other);
        let overlapping = before.filter(|other| other.iter().zip(*path).all(|(one, other)| one == other));
        objections.extend(overlapping.map(|other| format!("{other:?} and {path:?} overlap")));
    }
    objections
}
