//! What a later version may write, read and changed by today's.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::journal::Journal;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::{AgentName, SessionId};
use agentcore_gateway::session::store::{Connections, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Cursor, Latest};
use serde_json::{Value, json};

use super::{NOW, connection, connection_record, holding, key, later, lease, recorded, request, run, session};
use crate::support::dynamodb::DynamoDb;
use crate::support::engine::Engine;
use crate::support::scripted::{ScriptedAgents, stream};
use crate::support::socket::is_ending;

/// Adds a member to a map, and to each that it holds.
fn add_to_maps(value: &mut Value) {
    let Some(map) = value.get_mut("M") else { return };
    map.as_object_mut().unwrap().values_mut().for_each(add_to_maps);
    map["place"] = json!({"S": "elsewhere"});
}

/// `item` as a later version may write it: with more attributes, and with more members in each map and JSON object.
fn of_a_later_version(mut item: Value) -> Value {
    for value in item.as_object_mut().unwrap().values_mut() {
        add_to_maps(value);
        let object = value["S"].as_str().filter(|text| text.starts_with('{'));
        if let Some(mut object) = object.map(|text| serde_json::from_str::<Value>(text).unwrap()) {
            // A cursor is one member that holds the others.
            let inner = object.as_object_mut().unwrap().values_mut().find(|member| member.is_object());
            match inner {
                Some(inner) => inner["place"] = json!("elsewhere"),
                None => object["place"] = json!("elsewhere"),
            }
            *value = json!({"S": object.to_string()});
        }
    }
    item["place"] = json!({"S": "elsewhere"});
    item["place#held="] = json!({"M": {"of": {"N": "7"}}});
    item
}

#[tokio::test]
async fn what_a_later_version_adds_is_read_over() {
    let items = ["session", "connection", "segment", "ending"].map(|name| of_a_later_version(recorded(name)));
    for attribute in ["active", "latest", "cursor#held=", "cursor#after="] {
        assert_ne!(items[0][attribute], recorded("session")[attribute]);
    }
    let (_, table) = holding(&items);
    assert_eq!(table.load(&key(), later(9)).await, Ok(session()));
    assert_eq!(table.read(&run(), 0, NOW).await.unwrap().len(), 3);
    assert_eq!(table.tail(&run(), NOW).await.unwrap().unwrap().outcome, Some(Outcome::Completed));
    let known = table.forget(&connection("L0SM9cOFvHcCIhw="), later(1)).await;
    assert_eq!(known, Ok(Some(connection_record())));

    for name in ["session-detached", "session-unstopped"] {
        let (_, table) = holding(&[of_a_later_version(recorded(name))]);
        let (_, as_recorded) = holding(&[recorded(name)]);
        assert_eq!(table.load(&key(), later(9)).await, as_recorded.load(&key(), later(9)).await, "{name}");
    }
}

#[tokio::test]
async fn what_a_later_version_adds_survives_every_transition() {
    let finish = |name: &str, by: &str| Transition::Finish {
        request: request(name),
        lease: lease(by),
        latest: Latest { request: request(name), outcome: Outcome::Stopped, last_seq: 3 },
        untold: None,
        unstopped: None,
    };
    let during = [
        Transition::Renew { lease: lease("lease-2"), until: later(70) },
        Transition::Stop { request: request("r-4") },
        Transition::ForgetStop { request: request("r-3") },
        Transition::Attach { connection: connection("after="), cursor: Cursor::Live },
        Transition::Attach { connection: connection("new="), cursor: Cursor::Connecting },
        Transition::Detach { connection: connection("new="), seen: None },
    ];
    let claim = Transition::Claim {
        request: request("r-5"),
        lease: lease("lease-5"),
        until: later(90),
        connection: connection("after="),
        agent: AgentName::default_agent(),
        reply: None,
    };
    let before = of_a_later_version(recorded("session"));
    let (db, table) = holding(std::slice::from_ref(&before));
    for transition in during.into_iter().chain([finish("r-2", "lease-2"), claim]) {
        table.apply(&key(), &transition, later(9)).await.unwrap().unwrap();
        let after = db.items().remove(0);
        let mut kept = vec!["place", "place#held=", "cursor#after=", "cursor#held="];
        if after["active"]["M"]["request"]["S"] == "r-2" {
            kept.push("latest");
            assert_eq!(after["active"]["M"]["place"], before["active"]["M"]["place"], "{transition:?}");
        }
        for attribute in kept {
            assert_eq!(after[attribute], before[attribute], "{transition:?}");
        }
    }

    let before = of_a_later_version(recorded("connection"));
    let (db, table) = holding(std::slice::from_ref(&before));
    let id = connection("L0SM9cOFvHcCIhw=");
    table.record(&id, &key().principal, Some(&SessionId::parse("new").unwrap()), None, NOW).await.unwrap();
    assert_eq!(db.items()[0]["place"], before["place"]);
}

#[tokio::test]
async fn what_a_later_version_adds_is_in_the_way_of_no_comparison() {
    let elsewhere = Cursor::After { request: request("r-9"), seq: 9, tried_at: None, failing_since: None };
    for name in ["session", "session-detached", "session-unstopped"] {
        let stored = of_a_later_version(recorded(name));
        let (_, table) = holding(std::slice::from_ref(&stored));
        let before = table.load(&key(), later(9)).await.unwrap();
        for (connection, attachment) in &before.connections {
            let (from, attached_at) = (attachment.cursor.clone(), Some(attachment.attached_at));
            let (connection, to) = (connection.clone(), elsewhere.clone());
            let move_cursor = Transition::MoveCursor { connection, from, attached_at, all_of: None, to };
            let moved = table.apply(&key(), &move_cursor, later(9)).await;
            assert!(matches!(moved, Ok(Ok(_))), "{name}: {move_cursor:?}: {moved:?}");
        }
        // Nor does it matter to who has seen something else.
        for (connection, attachment) in before.connections {
            let detach = Transition::Detach { connection, seen: Some(attachment) };
            let detached = table.apply(&key(), &detach, later(9)).await;
            assert!(matches!(detached, Ok(Err(_))), "{name}: {detach:?}: {detached:?}");
        }
        if let Some(untold) = before.untold {
            let told = table.apply(&key(), &Transition::Told { untold }, later(9)).await;
            assert_eq!(told.unwrap().unwrap().untold, None, "{name}");
        }

        let (_, table) = holding(&[stored]);
        for (connection, attachment) in table.load(&key(), later(9)).await.unwrap().connections {
            let detach = Transition::Detach { connection, seen: Some(attachment) };
            let detached = table.apply(&key(), &detach, later(9)).await;
            assert!(matches!(detached, Ok(Ok(_))), "{name}: {detach:?}: {detached:?}");
        }
    }
}

/// That `call` fails each time, and changes nothing.
async fn fails_each_time<T: std::fmt::Debug>(db: &DynamoDb, call: impl AsyncFn() -> Result<T, StoreError>) {
    let before = db.items();
    for _ in 0..2 {
        let error = call().await.unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("no valid")), "{error}");
        assert_eq!(db.items(), before);
    }
}

#[tokio::test]
async fn what_matters_and_is_not_known_is_an_error_that_comes_again() {
    let changes = [
        ("session", "cursor#held=", json!({"S": r#"{"paused":{"request":"r-2"}}"#})),
        ("session", "latest", json!({"S": r#"{"request":"r-1","outcome":"cancelled","last_seq":9}"#})),
        ("ending", "outcome", json!({"S": "cancelled"})),
    ];
    for (name, attribute, value) in changes {
        let mut item = recorded(name);
        item[attribute] = value;
        let (db, table) = holding(&[item]);
        if name == "session" {
            fails_each_time(&db, async || table.load(&key(), later(9)).await).await;
        } else {
            fails_each_time(&db, async || table.tail(&run(), NOW).await).await;
            fails_each_time(&db, async || table.read(&run(), 0, NOW).await).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_a_session_that_cannot_be_read_comes_again_until_it_can() {
    let db = DynamoDb::default();
    let table = Arc::new(db.table());
    let agents = ScriptedAgents::new(|_, _| stream(["1"], Duration::ZERO));
    let engine = Engine::with(agents, |tools| {
        tools.sessions = table.clone();
        tools.connections = table.clone();
        tools.reply_runs = table.clone();
        tools.journal = table.clone();
    });
    engine.connect("c=", Some("s")).await;
    engine.connect("d=", Some("s")).await;
    let session = |db: &DynamoDb| db.items().into_iter().find(|item| item.get("connections").is_some()).unwrap();
    let mut item = session(&db);
    item["cursor#d="] = json!({"S": "\"paused\""});
    db.put(&item);
    engine.say("c=", &json!({"prompt": "p", "sessionId": "s", "requestId": "r"})).await;
    for _ in 0..2 {
        assert!(!engine.work_next().await);
    }
    assert_eq!(session(&db)["cursor#d="], item["cursor#d="]);

    let mut item = session(&db);
    item.as_object_mut().unwrap().remove("cursor#d=");
    db.put(&item);
    assert!(engine.work_next().await);
    let frames = engine.frames("c=", "r");
    assert_eq!(frames.iter().filter(|frame| is_ending(frame)).count(), 1, "{frames:?}");
    // Claims that could not be read were written all the same, so the request counts as begun.
    assert_eq!(frames[0]["code"], "interrupted");
    assert!(engine.agents.calls().is_empty());
}
