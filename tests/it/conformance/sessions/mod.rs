//! Sessions, and what is kept beside them.

mod detached;
mod records;

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::{AgentName, ConnectionId, Principal, ReplyRun, RequestId, SessionId};
use agentcore_gateway::protocol::reply::TokenHash;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::{Refusal, Transition};
use agentcore_gateway::session::{Attachment, Cursor, Latest, LeaseId, ReplayId, ReplyGrant, Session, SessionKey};

pub use records::{connections, reply_runs};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn later(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

fn key(name: &str) -> SessionKey {
    SessionKey { principal: Principal::anonymous(), session: SessionId::parse(name).unwrap() }
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

/// By what the messages of the agent of a request are known.
pub(super) fn grant(name: &str) -> ReplyGrant {
    let bits = name.bytes().fold(0, |bits, byte| bits << 8 | u128::from(byte));
    ReplyGrant { run: ReplyRun::new(bits), token: TokenHash(format!("token of {name}")) }
}

fn claim(name: &str, by: &str) -> Transition {
    Transition::Claim {
        request: request(name),
        lease: lease(by),
        until: later(60),
        connection: connection("c="),
        agent: AgentName::default_agent(),
        reply: Some(grant(name)),
    }
}

fn finish(name: &str, by: &str) -> Transition {
    let latest = Latest { request: request(name), outcome: Outcome::Completed, last_seq: 7 };
    Transition::Finish { request: request(name), lease: lease(by), latest, untold: None, unstopped: None }
}

fn attach(name: &str, cursor: Cursor) -> Transition {
    Transition::Attach { connection: connection(name), cursor }
}

async fn change(store: &dyn Sessions, name: &str, transition: &Transition, now: Timestamp) -> Result<Session, Refusal> {
    store.apply(&key(name), transition, now).await.unwrap().map_err(|refused| refused.refusal)
}

/// All of it; a store may be shared with other suites, but not these sessions.
pub async fn suite(store: Arc<dyn Sessions>) {
    leases(&*store).await;
    attachments(&*store).await;
    what_was_seen(&*store).await;
    stops(&*store).await;
    detached::detached_runs(&*store).await;
    detached::agents_to_stop(&*store).await;
    expiry(&*store).await;
    one_claim_wins(store).await;
}

async fn leases(store: &dyn Sessions) {
    assert_eq!(store.load(&key("leases"), NOW).await.unwrap(), Session::default());
    let claimed = change(store, "leases", &claim("r", "a"), NOW).await.unwrap();
    let active = claimed.active.clone().unwrap();
    assert_eq!((active.request, active.lease, active.lease_until), (request("r"), lease("a"), later(60)));
    assert!(claimed.connections.contains_key(&connection("c=")), "the connection that asks is attached");
    assert_eq!(store.load(&key("leases"), NOW).await.unwrap(), claimed);

    for (name, by) in [("r", "a"), ("r", "b"), ("other", "b")] {
        let refused = change(store, "leases", &claim(name, by), later(100)).await;
        assert_eq!(refused, Err(Refusal::Occupied), "{name} {by}");
    }
    let renew = |by: &str, until| Transition::Renew { lease: lease(by), until };
    assert_eq!(change(store, "leases", &renew("b", later(90)), later(20)).await, Err(Refusal::LeaseLost));
    let renewed = change(store, "leases", &renew("a", later(80)), later(20)).await.unwrap();
    assert_eq!(renewed.active.unwrap().lease_until, later(80));

    assert_eq!(change(store, "leases", &finish("r", "b"), later(80)).await, Err(Refusal::LeaseLost));
    assert_eq!(change(store, "leases", &finish("other", "a"), later(81)).await, Err(Refusal::LeaseLost));
    let orphan = change(store, "leases", &finish("r", "b"), later(81)).await.unwrap();
    assert_eq!((orphan.active, orphan.latest.map(|latest| latest.last_seq)), (None, Some(7)));
    assert_eq!(change(store, "leases", &finish("r", "a"), later(81)).await, Err(Refusal::LeaseLost));

    change(store, "leases", &claim("next", "c"), later(82)).await.unwrap();
    let finished = change(store, "leases", &finish("next", "c"), later(83)).await.unwrap();
    assert_eq!(finished.latest.unwrap().request, request("next"));
}

async fn attachments(store: &dyn Sessions) {
    let held = Cursor::Held { request: request("r"), replay: ReplayId("one".to_owned()), after: 3 };
    let after = Cursor::after(&request("r"), 9);
    let cursor = |session: &Session| session.connections[&connection("d")].cursor.clone();
    assert_eq!(cursor(&change(store, "devices", &attach("d", Cursor::Live), NOW).await.unwrap()), Cursor::Live);
    assert_eq!(cursor(&change(store, "devices", &attach("d", held.clone()), later(1)).await.unwrap()), held);
    let again = change(store, "devices", &attach("d", Cursor::Live), later(2)).await.unwrap();
    assert_eq!(cursor(&again), held, "attaching once more moves no cursor");
    assert_eq!(again.connections[&connection("d")].attached_at, later(2), "it is attached anew");
    assert_eq!(cursor(&change(store, "devices", &attach("d", after.clone()), later(3)).await.unwrap()), after);
    for number in 1..32 {
        change(store, "devices", &attach(&format!("x{number}"), Cursor::Live), NOW).await.unwrap();
    }
    let full = change(store, "devices", &attach("one-more", Cursor::Live), NOW).await;
    assert_eq!(full, Err(Refusal::TooManyConnections));
    assert_eq!(change(store, "devices", &claim("r", "a"), NOW).await, Err(Refusal::TooManyConnections));
    change(store, "devices", &attach("d", Cursor::Live), NOW).await.unwrap();
    let detach = Transition::Detach { connection: connection("d"), seen: None };
    for _ in 0..2 {
        let session = change(store, "devices", &detach, NOW).await.unwrap();
        assert!(!session.connections.contains_key(&connection("d")));
    }
    change(store, "devices", &claim("r", "a"), NOW).await.unwrap();
}

async fn what_was_seen(store: &dyn Sessions) {
    let (name, gone) = ("seen", Err(Refusal::Reattached));
    let held = |by: &str| Cursor::Held { request: request("r"), replay: ReplayId(by.to_owned()), after: 3 };
    let after = Cursor::after(&request("r"), 9);
    let detach = |cursor: Cursor, attached_at| Transition::Detach {
        connection: connection("d"),
        seen: Some(Attachment { cursor, attached_at }),
    };
    let move_from = |from| Transition::MoveCursor {
        connection: connection("d"),
        from,
        attached_at: None,
        all_of: None,
        to: after.clone(),
    };
    assert_eq!(change(store, name, &detach(Cursor::Live, NOW), NOW).await, gone);
    assert_eq!(change(store, name, &move_from(Cursor::Live), NOW).await, gone);

    change(store, name, &attach("d", Cursor::Live), NOW).await.unwrap();
    change(store, name, &attach("d", Cursor::Live), later(1)).await.unwrap();
    assert_eq!(change(store, name, &detach(Cursor::Live, NOW), later(2)).await, gone, "attached anew since");
    change(store, name, &attach("d", held("one")), later(2)).await.unwrap();
    assert_eq!(change(store, name, &detach(Cursor::Live, later(2)), later(3)).await, gone, "replayed to since");

    assert_eq!(change(store, name, &move_from(held("other")), later(3)).await, gone, "another replay's");
    let moved = change(store, name, &move_from(held("one")), later(3)).await.unwrap();
    let moved = &moved.connections[&connection("d")];
    assert_eq!((&moved.cursor, moved.attached_at), (&after, later(2)));
    assert_eq!(change(store, name, &move_from(held("one")), later(3)).await, gone, "moved already");

    let detached = change(store, name, &detach(after.clone(), later(2)), later(4)).await.unwrap();
    assert!(detached.connections.is_empty());
    change(store, name, &attach("d", Cursor::Live), later(5)).await.unwrap();
    let detached = change(store, name, &detach(Cursor::Live, later(5)), later(6)).await.unwrap();
    assert!(detached.connections.is_empty(), "nothing of the cursor is left");
}

async fn stops(store: &dyn Sessions) {
    let stop = |name: &str| Transition::Stop { request: request(name) };
    change(store, "stops", &claim("r", "a"), NOW).await.unwrap();
    assert!(change(store, "stops", &stop("r"), NOW).await.unwrap().stops(&request("r")));
    assert!(!change(store, "stops", &finish("r", "a"), NOW).await.unwrap().stops(&request("r")));
    for number in 0..16 {
        change(store, "stops", &stop(&format!("s{number}")), NOW).await.unwrap();
    }
    assert_eq!(change(store, "stops", &stop("one-more"), NOW).await, Err(Refusal::TooManyStops));
    change(store, "stops", &stop("s3"), later(9)).await.unwrap();
    let forget = Transition::ForgetStop { request: request("s3") };
    assert!(!change(store, "stops", &forget, NOW).await.unwrap().stops(&request("s3")));
    change(store, "stops", &stop("one-more"), NOW).await.unwrap();
}

async fn expiry(store: &dyn Sessions) {
    let retention = 48 * 60 * 60;
    change(store, "expiry", &attach("d", Cursor::Live), NOW).await.unwrap();
    assert_eq!(store.load(&key("expiry"), later(retention - 1)).await.unwrap().connections.len(), 1);
    assert_eq!(store.load(&key("expiry"), later(retention)).await.unwrap(), Session::default());
    let anew = change(store, "expiry", &attach("e", Cursor::Live), later(retention)).await.unwrap();
    assert_eq!(anew.connections.keys().collect::<Vec<_>>(), [&connection("e")], "an expired session begins anew");
    let other = SessionKey { principal: Principal::parse("someone").unwrap(), ..key("expiry") };
    assert_eq!(store.load(&other, later(retention)).await.unwrap(), Session::default(), "a principal has its own");
}

async fn one_claim_wins(store: Arc<dyn Sessions>) {
    let claims = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(
            async move { change(&*store, "race", &claim("r", &format!("worker-{number}")), NOW).await.is_ok() },
        )
    });
    let mut winners = 0;
    for claim in claims.collect::<Vec<_>>() {
        winners += usize::from(claim.await.unwrap());
    }
    assert_eq!(winners, 1);
}
