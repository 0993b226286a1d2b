//! Each request against the rules of DynamoDB's expressions.

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
use serde_json::json;

use super::{NOW, connection, key, lease, principal, run, session, table};
use crate::support::agent::FakeAgent;
use crate::support::aws::{answer, body, condition_failed, config};
use crate::support::dynamodb::rules::objections;

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
            let used = all.as_object().unwrap().iter().filter(|(name, _)| text.contains(name.as_str()));
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
