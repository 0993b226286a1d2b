//! Attribute values, in DynamoDB's JSON: `{"S": "…"}`, `{"N": "7"}`, `{"SS": ["…"]}`.

use std::cmp::Ordering;

use serde_json::Value;

/// The type of `value` and what it holds.
fn parts(value: &Value) -> (&str, &Value) {
    let parts = value.as_object().and_then(|value| value.iter().next()).expect("an attribute value has a type");
    (parts.0, parts.1)
}

/// How `one` stands to `other`: numbers by what they are worth, strings by their bytes. `None`: they cannot be compared.
pub fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (parts(one), parts(other)) {
        (("N", one), ("N", other)) => Some(number(one).cmp(&number(other))),
        (("S", one), ("S", other)) => Some(one.as_str()?.as_bytes().cmp(other.as_str()?.as_bytes())),
        _ => (one == other).then_some(Ordering::Equal),
    }
}

/// A number's worth. The gateway stores whole ones only.
pub fn number(value: &Value) -> i128 {
    value.as_str().expect("a number is text").parse().expect("a whole number")
}

/// Puts the members of sets in order, as a set has none of its own.
pub fn normalise(value: &mut Value) {
    if let Some(set) = value.get_mut("SS").and_then(Value::as_array_mut) {
        set.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        set.dedup();
    }
}

/// What `size()` says of `value`, as far as the gateway asks: the length of a text, the members of anything else.
pub fn length(value: &Value) -> usize {
    match parts(value) {
        ("S", text) => text.as_str().map_or(0, |text| text.chars().count()),
        ("B", bytes) => bytes.as_str().map_or(0, |base64| base64.len() / 4 * 3),
        (_, Value::Array(members)) => members.len(),
        (_, Value::Object(members)) => members.len(),
        (kind, _) => panic!("{kind} has no size"),
    }
}

/// About the bytes that `value` takes of an item.
pub fn size(value: &Value) -> usize {
    match parts(value) {
        ("S", text) => text.as_str().map_or(0, str::len),
        ("N", digits) => digits.as_str().map_or(0, str::len) / 2 + 2,
        ("B", base64) => base64.as_str().map_or(0, str::len) / 4 * 3,
        ("SS", members) => members.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::len).sum(),
        ("L", Value::Array(members)) => 3 + members.iter().map(|member| 1 + size(member)).sum::<usize>(),
        ("M", Value::Object(members)) => {
            3 + members.iter().map(|(name, member)| 1 + name.len() + size(member)).sum::<usize>()
        }
        _ => 1,
    }
}
