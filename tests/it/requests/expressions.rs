//! Rules of DynamoDB's expressions to which an emulator holds nobody: a request that breaks one is refused, always.

use std::collections::BTreeSet;
use std::time::Duration;

use agentcore_gateway::journal::{Journal, Segment};
use agentcore_gateway::protocol::frame::{Frame, Outcome};
use agentcore_gateway::protocol::ids::{ConnectionId, RequestId};
use agentcore_gateway::session::store::{Connections, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Attachment, Cursor, LeaseId, ReplayId};
use agentcore_gateway::table::Table;
use aws_sdk_dynamodb::Client;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, connection, key, lease, principal, run, session, table};
use crate::support::agent::FakeAgent;
use crate::support::aws::{answer, body, condition_failed, config};

const EXPRESSIONS: [&str; 5] =
    ["UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression", "ProjectionExpression"];

const ACTIONS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

const OTHER_WORDS: [&str; 6] = ["AND", "OR", "attribute_exists", "attribute_not_exists", "size", "if_not_exists"];

/// Words, among them placeholders, and single characters between them.
fn tokens(expression: &str) -> Vec<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || "_#:".contains(c);
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let end =
            if is_of_word(first) { rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}

/// The document paths that an update expression changes, each with its action.
fn changed_paths<'a>(update: &'a str, names: &'a Value) -> Vec<(&'a str, Vec<&'a str>)> {
    let (mut action, mut depth, mut begins) = ("", 0, false);
    let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut is_inside = false;
    for token in tokens(update) {
        match token {
            _ if ACTIONS.contains(&token) => (action, begins) = (token, true),
            "," if depth == 0 => begins = true,
            "(" => depth += 1,
            ")" => depth -= 1,
            "." => {}
            _ if token.starts_with('#') && (begins || is_inside) => {
                let name = names[token].as_str().unwrap_or(token);
                if begins {
                    paths.push((action, Vec::new()));
                }
                paths.last_mut().unwrap().1.push(name);
                (begins, is_inside) = (false, true);
                continue;
            }
            _ => {}
        }
        is_inside &= token == ".";
    }
    paths
}

/// What DynamoDB would object to in `request`.
fn objections(request: &Value) -> Vec<String> {
    let mut objections = Vec::new();
    let mut used = BTreeSet::new();
    for name in EXPRESSIONS {
        let Some(expression) = request.get(name) else { continue };
        let expression = expression.as_str().unwrap();
        if expression.trim().is_empty() || expression.len() > 4096 {
            objections.push(format!("{name} has {} bytes", expression.len()));
        }
        for token in tokens(expression) {
            let is_word = token.starts_with(|c: char| c.is_alphanumeric());
            if token.starts_with(['#', ':']) {
                used.insert(token.to_owned());
            } else if is_word && !OTHER_WORDS.contains(&token) && !ACTIONS.contains(&token) {
                objections.push(format!("{token} may be a reserved word"));
            }
        }
    }
    let declared: BTreeSet<String> = ["ExpressionAttributeNames", "ExpressionAttributeValues"]
        .iter()
        .filter_map(|member| request.get(member)?.as_object())
        .flat_map(|declared| declared.keys().cloned())
        .collect();
    objections.extend(declared.difference(&used).map(|unused| format!("{unused} is declared and not used")));
    objections.extend(used.difference(&declared).map(|unknown| format!("{unknown} is used and not declared")));
    for value in request["ExpressionAttributeValues"].as_object().into_iter().flat_map(|values| values.values()) {
        let set = value.get("SS").and_then(Value::as_array);
        if set.is_some_and(|set| set.is_empty() || set.contains(&json!(""))) {
            objections.push(format!("{value} is no set"));
        }
    }
    let paths =
        changed_paths(request["UpdateExpression"].as_str().unwrap_or_default(), &request["ExpressionAttributeNames"]);
    for (at, (action, path)) in paths.iter().enumerate() {
        if ["pk", "sk"].contains(&path[0]) {
            objections.push("the key is changed".to_owned());
        }
        if ["ADD", "DELETE"].contains(action) && path.len() > 1 {
            objections.push(format!("{action} below the top: {path:?}"));
        }
        let overlaps = |other: &[&str]| other.iter().zip(path).all(|(one, other)| one == other);
        objections.extend(
            paths[..at]
                .iter()
                .filter(|(_, other)| overlaps(other))
                .map(|(_, other)| format!("{other:?} and {path:?} overlap")),
        );
    }
    let actions = tokens(request["UpdateExpression"].as_str().unwrap_or_default());
    for action in ACTIONS {
        if actions.iter().filter(|token| **token == action).count() > 1 {
            objections.push(format!("{action} comes twice"));
        }
    }
    objections
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let names = json!({"#a": "a", "#b": "b", "#pk": "pk"});
    let values = json!({":v": {"S": "v"}, ":s": {"SS": []}});
    let cases = [
        ("SET #a = :v", "", vec![]),
        ("SET #a = if_not_exists(#a, :v), #b = :v REMOVE #pk.#a", "", vec!["the key is changed"]),
        ("SET a = :v", "", vec!["a may be a reserved word"]),
        ("SET #a = :w", "", vec![":w is used and not declared"]),
        ("SET #a = :v", "#c = :v", vec!["#c is used and not declared"]),
        ("SET #a = :v, #a.#b = :v", "", vec![r#"["a"] and ["a", "b"] overlap"#]),
        ("SET #a.#b = :v REMOVE #a", "", vec![r#"["a", "b"] and ["a"] overlap"#]),
        ("SET #a.#b = :v, #a.#a = :v", "", vec![]),
        ("REMOVE #a DELETE #a :v", "", vec![r#"["a"] and ["a"] overlap"#]),
        ("ADD #a.#b :v", "", vec![r#"ADD below the top: ["a", "b"]"#]),
        ("ADD #a :s", "", vec![r#"{"SS":[]} is no set"#]),
        ("SET #a = :v SET #b = :v", "", vec!["SET comes twice"]),
    ];
    for (update, condition, expected) in cases {
        let mut request = json!({"UpdateExpression": update});
        if !condition.is_empty() {
            request["ConditionExpression"] = json!(condition);
        }
        let text = format!("{update} {condition}");
        for (member, all) in [("ExpressionAttributeNames", &names), ("ExpressionAttributeValues", &values)] {
            let used = all.as_object().unwrap().iter().filter(|(name, _)| tokens(&text).contains(&name.as_str()));
            request[member] =
                used.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into();
        }
        assert_eq!(objections(&request), expected, "{update} {condition}");
    }
    let unused = json!({"UpdateExpression": "REMOVE #a", "ExpressionAttributeNames": {"#a": "a", "#b": "b"}});
    assert_eq!(objections(&unused), ["#b is declared and not used"]);
}

fn ids() -> impl Strategy<Value = (ConnectionId, RequestId, LeaseId)> {
    ("[ -~é]{1,12}", "[A-Za-z0-9._-]{1,8}", "[a-f0-9]{1,8}").prop_map(|(connection, request, lease)| {
        (ConnectionId::parse(connection).unwrap(), RequestId::parse(request).unwrap(), LeaseId(lease))
    })
}

fn transitions() -> impl Strategy<Value = Transition> {
    let outcomes = prop::sample::select(vec![Outcome::Completed, Outcome::Failed, Outcome::Stopped]);
    (ids(), outcomes, 0..4_usize, 0..9_usize).prop_map(|((connection, request, lease), outcome, cursor, kind)| {
        let cursor = match cursor {
            0 => Cursor::Live,
            1 => Cursor::Connecting,
            2 => Cursor::Held { request: request.clone(), replay: ReplayId("r".to_owned()), after: 0 },
            _ => Cursor::After { request: request.clone(), seq: 1 },
        };
        let until = NOW.after(Duration::from_secs(60));
        match kind {
            0 => Transition::Claim { request, lease, until, connection },
            1 => Transition::Renew { lease, until },
            2 => Transition::Finish { request, lease, outcome, last_seq: 1 },
            3 => Transition::Stop { request },
            4 => Transition::ForgetStop { request },
            5 => Transition::Attach { connection, cursor },
            6 => Transition::MoveCursor { connection, from: cursor.clone(), to: cursor },
            7 => Transition::Detach { connection, seen: Some(Attachment { cursor, attached_at: NOW }) },
            _ => Transition::Detach { connection, seen: None },
        }
    })
}

#[test]
fn dynamodb_has_no_objection_to_any_transition() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (endpoint, table) = runtime.block_on(async {
        let endpoint = FakeAgent::start(|_| answer(&json!({}))).await;
        let table = Table::new(Client::new(&config(&endpoint.url())), "gateway");
        (endpoint, table)
    });
    proptest!(ProptestConfig::with_cases(256), |(transition in transitions())| {
        let sent = runtime.block_on(async {
            table.apply(&key(), &transition, NOW).await.unwrap().unwrap();
            endpoint.next_request().await
        });
        prop_assert_eq!(objections(&body(&sent)), Vec::<String>::new());
    });
}

#[tokio::test]
async fn dynamodb_has_no_objection_to_any_other_request() {
    let expired = condition_failed(Some(json!({"expires_at": {"N": "1"}})));
    let nothing = || answer(&json!({}));
    let (endpoint, table) = table([expired].into_iter().chain((0..8).map(|_| nothing()))).await;
    let attach = Transition::Attach { connection: connection(), cursor: Cursor::Live };
    table.apply(&key(), &attach, NOW).await.unwrap().unwrap();
    table.record(&connection(), &principal(), Some(&session()), None, NOW).await.unwrap();
    table.record(&connection(), &principal(), None, None, NOW).await.unwrap();
    let frame = Frame { seq: 1, text: "{}".to_owned(), outcome: None };
    table.append(&run(), &Segment::of(frame.into()), &lease(), NOW).await.unwrap();
    table.tail(&run(), NOW).await.unwrap();
    table.read(&run(), 0, NOW).await.unwrap();
    table.read(&run(), 7, NOW).await.unwrap();
    assert_eq!(endpoint.requests().len(), 9);
    for sent in endpoint.requests() {
        assert_eq!(objections(&body(&sent)), Vec::<String>::new(), "{}", sent.body);
    }
}
