//! Each request against the rules of DynamoDB's expressions.

use std::time::Duration;

use agentcore_gateway::journal::{Journal, Segment};
use agentcore_gateway::protocol::frame::{Frame, Outcome};
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, RequestId};
use agentcore_gateway::session::store::{Connections, ReplyRuns, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{
    Attachment, Cursor, Detached, Latest, LeaseId, NextMessage, ReplayId, Unstopped, Untold,
};
use agentcore_gateway::table::Table;
use aws_sdk_dynamodb::Client;
use proptest::prelude::*;
use serde_json::json;

use super::{NOW, connection, grant, key, lease, principal, run, session, table};
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

fn cursors() -> impl Strategy<Value = Cursor> {
    ("[A-Za-z0-9._-]{1,8}", 0..5_usize).prop_map(|(request, kind)| {
        let request = RequestId::parse(request).unwrap();
        match kind {
            0 => Cursor::Live,
            1 => Cursor::Connecting,
            2 => Cursor::Held { request, replay: ReplayId("r".to_owned()), after: 0 },
            3 => Cursor::after(&request, 1),
            _ => Cursor::After { request, seq: 1, tried_at: Some(NOW), failing_since: Some(NOW) },
        }
    })
}

fn transitions() -> impl Strategy<Value = Transition> {
    prop_oneof![runs(), attachments()]
}

fn runs() -> impl Strategy<Value = Transition> {
    (ids(), any::<bool>(), 0..10_usize).prop_map(|((connection, request, lease), is_long, kind)| {
        let until = NOW.after(Duration::from_secs(60));
        let (agent, run) = (AgentName::default_agent(), grant().run);
        let latest = Latest { request: request.clone(), outcome: Outcome::Failed, last_seq: 1 };
        let untold = Untold { request: request.clone(), last_seq: 1, live_from: 0 };
        let detached = Detached::beginning(7, 700);
        match kind {
            0 => Transition::Claim { request, lease, until, connection, agent, reply: is_long.then(grant) },
            1 => Transition::Renew { lease, until },
            2 => {
                let unstopped = is_long.then(|| Unstopped { agent, reply: grant(), until, stopper: None });
                Transition::Finish { request, lease, latest, untold: is_long.then_some(untold), unstopped }
            }
            3 => Transition::Stop { request },
            4 => Transition::ForgetStop { request },
            5 => Transition::DetachRun { request, lease, detached, until },
            6 => Transition::Move { run, from: detached, to: detached, until },
            7 => Transition::BeginStopping { run, stopper: lease, until },
            8 => Transition::Stopped { run, stopper: lease },
            _ => Transition::Told { untold },
        }
    })
}

fn attachments() -> impl Strategy<Value = Transition> {
    let seen = (any::<bool>(), any::<bool>());
    (ids(), cursors(), cursors(), seen, 0..3_usize).prop_map(
        |((connection, request, _), cursor, to, (is_seen, has_all), kind)| match kind {
            0 => Transition::Attach { connection, cursor },
            1 => {
                let (attached_at, all_of) = (is_seen.then_some(NOW), has_all.then_some((request, 7)));
                Transition::MoveCursor { connection, from: cursor, attached_at, all_of, to }
            }
            _ => {
                let seen = is_seen.then_some(Attachment { cursor, attached_at: NOW });
                Transition::Detach { connection, seen }
            }
        },
    )
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
    let (endpoint, table) = table([expired].into_iter().chain((0..11).map(|_| nothing()))).await;
    let attach = Transition::Attach { connection: connection(), cursor: Cursor::Live };
    table.apply(&key(), &attach, NOW).await.unwrap().unwrap();
    table.record(&connection(), &principal(), Some(&session()), None, NOW).await.unwrap();
    table.record(&connection(), &principal(), None, None, NOW).await.unwrap();
    let frame = Frame { seq: 1, text: "{}".to_owned(), outcome: None };
    table.append(&run(), &Segment::of(frame.into()), &lease(), NOW).await.unwrap();
    let frame = Frame { seq: 2, text: "{}".to_owned(), outcome: None };
    let followed = Segment::of(frame.into()).followed_by(NextMessage { index: 1, frames: 0, bytes: 2 });
    table.append(&run(), &followed, &lease(), NOW).await.unwrap();
    table.name_run(&grant().run, &run(), NOW).await.unwrap();
    table.run_of(&grant().run, NOW).await.unwrap();
    table.tail(&run(), NOW).await.unwrap();
    table.read(&run(), 0, NOW).await.unwrap();
    table.read(&run(), 7, NOW).await.unwrap();
    assert_eq!(endpoint.requests().len(), 12);
    for sent in endpoint.requests() {
        assert_eq!(objections(&body(&sent)), Vec::<String>::new(), "{}", sent.body);
    }
}
