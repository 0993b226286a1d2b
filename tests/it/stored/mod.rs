//! Items as they stand in tables today, recorded: what reads them must read them as long as any may be there, and what
//! writes them must not write anything that an older version cannot read without somebody noticing here.

mod detached;
mod later;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Outcome};
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, RequestId, SessionId};
use agentcore_gateway::session::store::{Connection, Connections, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{
    Active, Attachment, Attachments, Cursor, Latest, LeaseId, ReplayId, RunKey, Session, SessionKey,
};
use agentcore_gateway::table::Table;
use data_encoding::BASE64;
use flate2::read::ZlibDecoder;
use serde_json::{Value, json};

use crate::support::dynamodb::DynamoDb;

/// When the recorded items were written; what came later came whole seconds later.
const NOW: Timestamp = Timestamp(1_790_000_000_500);

fn later(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// The item recorded as `tests/fixtures/stored/<name>.json`.
fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/stored/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A table that holds `items`.
fn holding(items: &[Value]) -> (DynamoDb, Table) {
    let db = DynamoDb::default();
    items.iter().for_each(|item| db.put(item));
    let table = db.table();
    (db, table)
}

fn key() -> SessionKey {
    SessionKey { principal: Principal::parse("auth0|ada").unwrap(), session: SessionId::parse("travel #1").unwrap() }
}

fn run() -> RunKey {
    RunKey { session: key(), request: request("r-2") }
}

fn request(name: &str) -> RequestId {
    RequestId::parse(name).unwrap()
}

fn connection(name: &str) -> ConnectionId {
    ConnectionId::parse(name).unwrap()
}

fn lease(name: &str) -> LeaseId {
    LeaseId(name.to_owned())
}

fn replay() -> ReplayId {
    ReplayId("replay-1".to_owned())
}

fn held() -> Cursor {
    Cursor::Held { request: request("r-2"), replay: replay(), after: 7 }
}

/// How the recorded session came about, and when.
fn history() -> Vec<(Timestamp, Transition)> {
    let claim = |name: &str, by: &str, until| Transition::Claim {
        request: request(name),
        lease: lease(by),
        until,
        connection: connection("L0SM9cOFvHcCIhw="),
        agent: AgentName::default_agent(),
        reply: None,
    };
    let attach = |name: &str, cursor| Transition::Attach { connection: connection(name), cursor };
    let stop = |name: &str| Transition::Stop { request: request(name) };
    let finish = Transition::Finish {
        request: request("r-1"),
        lease: lease("lease-1"),
        latest: latest(),
        untold: None,
        unstopped: None,
    };
    vec![
        (NOW, claim("r-1", "lease-1", later(60))),
        (later(1), finish),
        (later(2), attach("connecting=", Cursor::Connecting)),
        (later(3), claim("r-2", "lease-2", later(63))),
        (later(4), attach("held=", held())),
        (later(5), attach("after=", Cursor::after(&request("r-2"), 12))),
        (later(6), stop("r-2")),
        (later(7), stop("r-3")),
        (later(8), Transition::Renew { lease: lease("lease-2"), until: later(68) }),
    ]
}

fn latest() -> Latest {
    Latest { request: request("r-1"), outcome: Outcome::Completed, last_seq: 9 }
}

/// What the recorded session item says.
fn session() -> Session {
    let attachment = |name, cursor, at| (connection(name), Attachment { cursor, attached_at: at });
    Session {
        connections: Attachments::from_iter([
            attachment("L0SM9cOFvHcCIhw=", Cursor::Live, NOW),
            attachment("connecting=", Cursor::Connecting, later(2)),
            attachment("held=", held(), later(4)),
            attachment("after=", Cursor::after(&request("r-2"), 12), later(5)),
        ]),
        active: Some(Active {
            request: request("r-2"),
            lease: lease("lease-2"),
            lease_until: later(68),
            started_at: later(3),
            agent: None,
            reply: None,
            detached: None,
        }),
        latest: Some(latest()),
        unstopped: None,
        stops: BTreeMap::from([(request("r-2"), later(6)), (request("r-3"), later(7))]),
        untold: None,
    }
}

/// The segments that are recorded: one that is not the end, and one that is.
fn segments() -> [Segment; 2] {
    let frame = |seq: u64, rest: &str, outcome| {
        let text = format!(r#"{{"type":{rest},"requestId":"r-2","sessionId":"travel #1","seq":{seq}}}"#);
        Arc::new(Frame { seq, text, outcome })
    };
    let begin = vec![frame(1, r#""started""#, None), frame(2, r#""output","events":["Grüße\n",1.00]"#, None)];
    let end = vec![frame(3, r#""completed""#, Some(Outcome::Completed))];
    [begin, end].map(|frames| Segment::new(frames).unwrap())
}

/// The segment that is recorded of events with names.
fn segment_of_names() -> Segment {
    let frame = |seq: u64, rest: &str| {
        let text = format!(r#"{{"type":"output","requestId":"r-2","sessionId":"travel #1","seq":{seq},{rest}}}"#);
        Arc::new(Frame { seq, text, outcome: None })
    };
    let whole = frame(3, r#""events":[{"messages":[]},"Grüße"],"names":{"0":"updates"}"#);
    let part = frame(4, r#""part":{"index":0,"last":true},"name":"värde","text":"\"x\"""#);
    Segment::new(vec![whole, part]).unwrap()
}

fn connection_record() -> Connection {
    let sessions = ["travel #1", "work"].map(|id| SessionId::parse(id).unwrap());
    Connection { principal: key().principal, sessions: sessions.into(), replay: Some(replay()) }
}

#[tokio::test]
async fn a_recorded_session_is_read() {
    let (_, table) = holding(&[recorded("session")]);
    assert_eq!(table.load(&key(), later(9)).await, Ok(session()));
}

#[tokio::test]
async fn a_cursor_that_was_held_before_replays_had_names_is_read_and_compares_equal() {
    let mut item = recorded("session");
    item["cursor#held="] = json!({"S": r#"{"held":{"request":"r-2"}}"#});
    let (_, table) = holding(&[item]);
    let seen = table.load(&key(), later(9)).await.unwrap().connections[&connection("held=")].clone();
    assert_eq!(seen.cursor, Cursor::Held { request: request("r-2"), replay: ReplayId::default(), after: 0 });
    let detach = Transition::Detach { connection: connection("held="), seen: Some(seen) };
    assert!(table.apply(&key(), &detach, later(9)).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_session_is_written_as_recorded() {
    let (db, table) = holding(&[]);
    for (now, transition) in history() {
        table.apply(&key(), &transition, now).await.unwrap().unwrap();
    }
    let mut expected = recorded("session");
    // It was not written when that was recorded, and need not be there.
    expected["active"]["M"]["agent"] = json!({"S": "default"});
    assert_eq!(db.items(), [expected]);
}

#[tokio::test]
async fn a_recorded_connection_is_read_and_written_as_recorded() {
    let (_, table) = holding(&[recorded("connection")]);
    let known = table.forget(&connection("L0SM9cOFvHcCIhw="), later(1)).await;
    assert_eq!(known, Ok(Some(connection_record())));

    let (db, table) = holding(&[]);
    let Connection { principal, sessions, .. } = connection_record();
    for session in &sessions {
        table.record(&connection("L0SM9cOFvHcCIhw="), &principal, Some(session), Some(&replay()), NOW).await.unwrap();
    }
    assert_eq!(db.items(), [recorded("connection")]);
}

#[tokio::test]
async fn recorded_segments_are_read() {
    let (_, table) = holding(&[recorded("segment"), recorded("ending")]);
    let frames: Vec<_> = segments().iter().flat_map(Segment::frames).cloned().collect();
    assert_eq!(table.read(&run(), 0, NOW).await, Ok(frames.clone()));
    assert_eq!(table.read(&run(), 1, NOW).await.unwrap(), frames[1..]);
    let tail = Tail { last: 3, outcome: Some(Outcome::Completed), written_at: NOW };
    assert_eq!(table.tail(&run(), NOW).await, Ok(Some(tail)));
}

/// `item` with the text of its frames in the place of their bytes: how well they are compressed may change.
fn inflated(mut item: Value) -> Value {
    let bytes = BASE64.decode(item["frames"]["B"].as_str().unwrap().as_bytes()).unwrap();
    let mut text = String::new();
    ZlibDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    item["frames"] = json!(text);
    item
}

#[tokio::test]
async fn segments_are_written_as_recorded() {
    let (db, table) = holding(&[]);
    for segment in segments() {
        table.append(&run(), &segment, &lease("lease-2"), NOW).await.unwrap();
    }
    let items: Vec<_> = db.items().into_iter().map(inflated).collect();
    assert_eq!(items, [inflated(recorded("segment")), inflated(recorded("ending"))]);
    let text = "\u{1e}{\"type\":\"completed\",\"requestId\":\"r-2\",\"sessionId\":\"travel #1\",\"seq\":3}\n";
    assert_eq!(items[1]["frames"], text);
}

#[tokio::test]
async fn a_recorded_segment_of_events_with_names_is_read_and_written_as_recorded() {
    let (_, table) = holding(&[recorded("segment"), recorded("segment-names")]);
    assert_eq!(table.read(&run(), 2, NOW).await.unwrap(), segment_of_names().frames());
    let (db, table) = holding(&[]);
    table.append(&run(), &segment_of_names(), &lease("lease-2"), NOW).await.unwrap();
    let items: Vec<_> = db.items().into_iter().map(inflated).collect();
    assert_eq!(items, [inflated(recorded("segment-names"))]);
}
