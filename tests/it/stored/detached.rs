//! What is kept of runs whose agents go on by themselves: items of the table, and messages of the queues.

use std::sync::Arc;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Stands};
use agentcore_gateway::protocol::frame::{Ending, Failure, FailureCode, Frame, Outcome};
use agentcore_gateway::protocol::ids::{AgentName, ReplyRun};
use agentcore_gateway::protocol::reply::ReplyToken;
use agentcore_gateway::queue::reply::ReplyMessage;
use agentcore_gateway::queue::watch::Watch;
use agentcore_gateway::session::store::{ReplyRuns, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{
    Active, Attachment, Attachments, Cursor, Detached, Latest, MoveBegan, NextMessage, ReplyGrant, Session, Unstopped,
    Untold,
};
use serde_json::Value;

use super::{NOW, connection, holding, inflated, key, later, lease, recorded, request, run};

fn name() -> ReplyRun {
    ReplyRun::parse("run-0000000000000000000000000000002a").unwrap()
}

fn token() -> ReplyToken {
    ReplyToken::parse("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoyMzQ1Njc").unwrap()
}

fn grant() -> ReplyGrant {
    ReplyGrant { run: name(), token: token().hash() }
}

fn agent() -> AgentName {
    AgentName::parse("research").unwrap()
}

fn slow() -> Cursor {
    Cursor::After { request: request("r-1"), seq: 1, tried_at: Some(later(2)), failing_since: None }
}

/// Behind two messages.
fn moved() -> Detached {
    let next = NextMessage { index: 2, frames: 0, bytes: 90 };
    Detached { next, last_seq: 4, move_began: MoveBegan { index: 0, seq: 1 } }
}

fn latest() -> Latest {
    Latest { request: request("r-1"), outcome: Outcome::Stopped, last_seq: 5 }
}

fn untold() -> Untold {
    Untold { request: request("r-1"), last_seq: 5, live_from: 1 }
}

fn unstopped() -> Unstopped {
    Unstopped { agent: agent(), reply: grant(), until: later(303), stopper: None }
}

/// How the recorded session with a detached run came about, and when.
fn history() -> Vec<(Timestamp, Transition)> {
    let beginning = Detached::beginning(2, 40);
    let claim = Transition::Claim {
        request: request("r-1"),
        lease: lease("lease-1"),
        until: later(60),
        connection: connection("L0SM9cOFvHcCIhw="),
        agent: agent(),
        reply: Some(grant()),
    };
    let (request, lease) = (request("r-1"), lease("lease-1"));
    vec![
        (NOW, claim),
        (later(1), Transition::DetachRun { request, lease, detached: beginning, until: later(301) }),
        (later(2), Transition::Attach { connection: connection("slow="), cursor: slow() }),
        (later(3), Transition::Move { run: name(), from: beginning, to: moved(), until: later(303) }),
    ]
}

/// How it came to its end, and its agent to be stopped.
fn end() -> Vec<(Timestamp, Transition)> {
    let (request, lease) = (request("r-1"), lease("closer-1"));
    let (run, stopper) = (name(), super::lease("relay-1"));
    vec![
        (
            later(4),
            Transition::Finish {
                request,
                lease,
                latest: latest(),
                untold: Some(untold()),
                unstopped: Some(unstopped()),
            },
        ),
        (later(5), Transition::BeginStopping { run, stopper, until: later(45) }),
    ]
}

/// What the recorded session items say.
fn sessions() -> [(&'static str, Session); 2] {
    let attachment = |name, cursor, at| (connection(name), Attachment { cursor, attached_at: at });
    let connections = Attachments::from_iter([
        attachment("L0SM9cOFvHcCIhw=", Cursor::Live, NOW),
        attachment("slow=", slow(), later(2)),
    ]);
    let active = Active {
        request: request("r-1"),
        lease: lease("lease-1"),
        lease_until: later(303),
        started_at: NOW,
        agent: Some(agent()),
        reply: Some(grant()),
        detached: Some(moved()),
    };
    let detached = Session { connections: connections.clone(), active: Some(active), ..Session::default() };
    let unstopped = Unstopped { stopper: Some((lease("relay-1"), later(45))), ..unstopped() };
    let (latest, untold) = (Some(latest()), Some(untold()));
    let ended = Session { connections, latest, untold, unstopped: Some(unstopped), ..Session::default() };
    [("session-detached", detached), ("session-unstopped", ended)]
}

#[tokio::test]
async fn recorded_sessions_of_detached_runs_are_read() {
    for (name, session) in sessions() {
        let (_, table) = holding(&[recorded(name)]);
        assert_eq!(table.load(&key(), later(9)).await, Ok(session), "{name}");
    }
}

#[tokio::test]
async fn sessions_of_detached_runs_are_written_as_recorded() {
    let (db, table) = holding(&[]);
    for (recording, transitions) in [("session-detached", history()), ("session-unstopped", end())] {
        for (now, transition) in transitions {
            table.apply(&key(), &transition, now).await.unwrap().unwrap();
        }
        assert_eq!(db.items(), [recorded(recording)]);
    }
}

/// The recorded segment of two messages of an agent.
fn segment() -> Segment {
    let frame = |seq: u64, event: &str| {
        let start = r#"{"type":"output","requestId":"r-2","sessionId":"travel #1""#;
        Arc::new(Frame { seq, text: format!(r#"{start},"seq":{seq},"events":[{event}]}}"#), outcome: None })
    };
    let frames = vec![frame(3, r#""Grüße""#), frame(4, r#"{"step":2.00}"#)];
    Segment::new(frames).unwrap().followed_by(moved().next)
}

#[tokio::test]
async fn a_recorded_segment_of_a_detached_run_is_read_and_written_as_recorded() {
    let (_, table) = holding(&[recorded("segment"), recorded("segment-detached")]);
    assert_eq!(table.read(&run(), 2, NOW).await.unwrap(), segment().frames());
    let stands = Stands { last: 4, outcome: None, next: Some(moved().next) };
    let overtaken = table.append(&run(), &segment(), &lease("another"), NOW).await;
    assert_eq!(overtaken, Ok(Appended::Overtaken(stands)));

    let (db, table) = holding(&[]);
    table.append(&run(), &segment(), &lease("relay-1"), NOW).await.unwrap();
    let items: Vec<Value> = db.items().into_iter().map(inflated).collect();
    assert_eq!(items, [inflated(recorded("segment-detached"))]);
}

#[tokio::test]
async fn a_recorded_name_of_a_run_is_read_and_written_as_recorded() {
    let (_, table) = holding(&[recorded("reply-run")]);
    assert_eq!(table.run_of(&name(), later(9)).await, Ok(Some(run())));
    let (db, table) = holding(&[]);
    table.name_run(&name(), &run(), NOW).await.unwrap();
    assert_eq!(db.items(), [recorded("reply-run")]);
}

#[test]
fn a_recorded_run_to_look_after_is_read_and_written_as_recorded() {
    let text = include_str!("../../fixtures/stored/watch-1.json").trim_end();
    let watch = Watch { run: run() };
    assert_eq!(Watch::decode(text).unwrap(), watch);
    assert_eq!(watch.encode(), text);
}

#[test]
fn recorded_messages_of_an_agent_are_read() {
    let message = ReplyMessage::decode(include_str!("../../fixtures/stored/reply-1.json")).unwrap();
    assert_eq!((&message.run, &message.token, message.index), (&name(), &token(), 7));
    let events: Vec<_> = message.events.iter().map(|event| (event.as_json(), event.name())).collect();
    assert_eq!(events, [(r#""Grüße""#, None), (r#"{"step":2.00}"#, Some("updates"))]);
    assert_eq!(message.end, None);

    let end = ReplyMessage::decode(include_str!("../../fixtures/stored/reply-1-end.json")).unwrap();
    let failure = Failure { code: FailureCode::AgentError, message: "No model answers.".to_owned(), retryable: true };
    assert_eq!((end.index, end.events.len(), end.end), (8, 0, Some(Ending::Failed(failure))));
}
