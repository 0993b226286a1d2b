//! Each transition of a session is one `UpdateItem`, and this is it.

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::protocol::frame::Outcome;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Attachment, Cursor, Latest, ReplayId, ReplyGrant, Session};
use serde_json::{Value, json};

use super::{ADA, NOW, RUN, connection, grant, key, lease, request, table};
use crate::support::aws::{answer, body, operation};

/// The condition of every transition: what has expired is not there.
const NOT_EXPIRED: &str = "(attribute_not_exists(#expires_at) OR #expires_at > :now_s)";
/// That of an attaching.
const ROOM: &str =
    "(attribute_exists(#attached) OR attribute_not_exists(#connections) OR size(#connections) < :max_connections)";

/// What all transitions send, together with `names` and `values`.
pub(super) fn update(update: &str, conditions: &[&str], names: &Value, values: &Value) -> Value {
    let condition = [&[NOT_EXPIRED], conditions].concat().join(" AND ");
    let mut body = json!({
        "TableName": "gateway",
        "Key": {"pk": {"S": format!("SESSION#{ADA}#travel #1")}, "sk": {"S": "-"}},
        "UpdateExpression": update,
        "ConditionExpression": condition,
        // 48 hours from the next whole second.
        "ExpressionAttributeNames": {"#expires_at": "expires_at"},
        "ExpressionAttributeValues": {":expires_at": {"N": "1790172801"}, ":now_s": {"N": "1790000000"}},
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    for (member, more) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        body[member].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    body
}

/// Checks that `transition` sends this, once, and takes the answer for the session.
pub(super) async fn assert_sends(transition: Transition, expected: Value) {
    let after = json!({"Attributes": {"stop#r-0": {"N": "7"}, "expires_at": {"N": "1790172801"}}});
    let (endpoint, table) = table([answer(&after)]).await;
    let session = table.apply(&key(), &transition, NOW).await.unwrap().unwrap();
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "UpdateItem");
    assert_eq!(body(&sent), expected, "{transition:?}");
    let stops = session.stops.into_iter().map(|(request, since)| (request.to_string(), since.0));
    assert_eq!(stops.collect::<Vec<_>>(), [("r-0".to_owned(), 7)]);
}

/// An agent of the run before that is still at work, or is being stopped, is in the way of the next.
const NOT_UNSTOPPED: &str = "(attribute_not_exists(#unstopped) OR #unstopped.#until < :now)";
const NOT_BEING_STOPPED: &str = "(attribute_not_exists(#unstopped.#stopper_until) OR #unstopped.#stopper_until < :now)";

async fn assert_claims(reply: Option<ReplyGrant>, active: Value) {
    let claim = Transition::Claim {
        request: request(),
        lease: lease(),
        until: NOW.after(std::time::Duration::from_secs(60)),
        connection: connection(),
        agent: AgentName::default_agent(),
        reply,
    };
    let expected = update(
        "SET #expires_at = :expires_at, #active = :active, #attached = if_not_exists(#attached, :now) \
         REMOVE #unstopped ADD #connections :connections",
        &["(attribute_not_exists(#active))", NOT_UNSTOPPED, NOT_BEING_STOPPED, ROOM],
        &json!({
            "#active": "active", "#attached": "attached#L0SM9cOFvHcCIhw=", "#connections": "connections",
            "#unstopped": "unstopped", "#until": "until", "#stopper_until": "stopper_until",
        }),
        &json!({
            ":active": {"M": active}, ":now": {"N": "1790000000500"}, ":max_connections": {"N": "32"},
            ":connections": {"SS": ["L0SM9cOFvHcCIhw="]},
        }),
    );
    assert_sends(claim, expected).await;
}

#[tokio::test]
async fn a_claim_takes_a_free_session_and_attaches_the_connection() {
    let mut active = json!({
        "request": {"S": "r-1"}, "lease": {"S": "lease-1"}, "agent": {"S": "default"},
        "lease_until": {"N": "1790000060500"}, "started_at": {"N": "1790000000500"},
    });
    assert_claims(None, active.clone()).await;
    active["reply"] = json!({"M": {"run": {"S": RUN}, "token": {"S": "hash"}}});
    assert_claims(Some(grant()), active).await;
}

#[tokio::test]
async fn a_renewal_moves_the_time_of_its_own_lease_only() {
    let renewal = Transition::Renew { lease: lease(), until: NOW };
    let expected = update(
        "SET #expires_at = :expires_at, #active.#lease_until = :until",
        &["(#active.#lease = :lease)", "(#active.#lease_until <= :until)"],
        &json!({"#active": "active", "#lease": "lease", "#lease_until": "lease_until"}),
        &json!({":lease": {"S": "lease-1"}, ":until": {"N": "1790000000500"}}),
    );
    assert_sends(renewal, expected).await;
}

/// Whoever has the lease may, and if nobody has it, anybody.
pub(super) const MAY_FINISH: &str =
    "(#active.#lease = :lease OR attribute_exists(#active.#detached) OR #active.#lease_until < :now)";

#[tokio::test]
async fn a_finish_frees_the_session_of_its_own_run_and_drops_the_stop() {
    let latest = Latest { request: request(), outcome: Outcome::Completed, last_seq: 9 };
    let finish = Transition::Finish { request: request(), lease: lease(), latest, untold: None, unstopped: None };
    let expected = update(
        "SET #expires_at = :expires_at, #latest = :latest REMOVE #active, #unstopped, #stop DELETE #stops :stops",
        &["(#active.#request = :request)", MAY_FINISH],
        &json!({
            "#active": "active", "#lease": "lease", "#lease_until": "lease_until", "#request": "request",
            "#detached": "detached", "#latest": "latest", "#stop": "stop#r-1", "#stops": "stops",
            "#unstopped": "unstopped",
        }),
        &json!({
            ":request": {"S": "r-1"}, ":lease": {"S": "lease-1"}, ":now": {"N": "1790000000500"},
            ":latest": {"S": r#"{"request":"r-1","outcome":"completed","last_seq":9}"#}, ":stops": {"SS": ["r-1"]},
        }),
    );
    assert_sends(finish, expected).await;
}

#[tokio::test]
async fn a_stop_is_recorded_once_while_there_is_room() {
    let expected = update(
        "SET #expires_at = :expires_at, #stop = if_not_exists(#stop, :now) ADD #stops :stops",
        &["(attribute_exists(#stop) OR attribute_not_exists(#stops) OR size(#stops) < :max_stops \
            OR #active.#request = :request)"],
        &json!({"#stop": "stop#r-1", "#stops": "stops", "#active": "active", "#request": "request"}),
        &json!({
            ":stops": {"SS": ["r-1"]}, ":now": {"N": "1790000000500"}, ":max_stops": {"N": "16"}, ":request": {"S": "r-1"},
        }),
    );
    assert_sends(Transition::Stop { request: request() }, expected).await;
}

/// Otherwise an item would be made that nobody needs.
const THERE: &str = "(attribute_exists(#expires_at))";

#[tokio::test]
async fn forgetting_a_stop_makes_no_session() {
    let expected = update(
        "SET #expires_at = :expires_at REMOVE #stop DELETE #stops :stops",
        &[THERE],
        &json!({"#stop": "stop#r-1", "#stops": "stops"}),
        &json!({":stops": {"SS": ["r-1"]}}),
    );
    assert_sends(Transition::ForgetStop { request: request() }, expected).await;
}

#[tokio::test]
async fn attaching_live_moves_no_cursor() {
    let expected = update(
        "SET #expires_at = :expires_at, #attached = :now ADD #connections :connections",
        &[ROOM],
        &json!({"#attached": "attached#L0SM9cOFvHcCIhw=", "#connections": "connections"}),
        &json!({
            ":now": {"N": "1790000000500"}, ":max_connections": {"N": "32"},
            ":connections": {"SS": ["L0SM9cOFvHcCIhw="]},
        }),
    );
    assert_sends(Transition::Attach { connection: connection(), cursor: Cursor::Live }, expected).await;
}

#[tokio::test]
async fn attaching_with_another_cursor_sets_it() {
    let cursors = [
        (Cursor::Connecting, r#""connecting""#),
        (held(), HELD),
        (Cursor::after(&request(), 12), r#"{"after":{"request":"r-1","seq":12}}"#),
    ];
    for (cursor, stored) in cursors {
        let expected = update(
            "SET #expires_at = :expires_at, #attached = :now, #cursor = :cursor ADD #connections :connections",
            &[ROOM],
            &json!({
                "#attached": "attached#L0SM9cOFvHcCIhw=", "#connections": "connections",
                "#cursor": "cursor#L0SM9cOFvHcCIhw=",
            }),
            &json!({
                ":now": {"N": "1790000000500"}, ":max_connections": {"N": "32"}, ":cursor": {"S": stored},
                ":connections": {"SS": ["L0SM9cOFvHcCIhw="]},
            }),
        );
        assert_sends(Transition::Attach { connection: connection(), cursor }, expected).await;
    }
}

pub(super) const HELD: &str = r#"{"held":{"request":"r-1","replay":"replay-1","after":3}}"#;

pub(super) fn held() -> Cursor {
    Cursor::Held { request: request(), replay: ReplayId("replay-1".to_owned()), after: 3 }
}

#[tokio::test]
async fn only_the_replay_that_holds_a_cursor_moves_it() {
    let expected = update(
        "SET #expires_at = :expires_at, #cursor = :cursor",
        &["(#cursor = :seen_cursor)", "(attribute_exists(#attached))"],
        &json!({"#attached": "attached#L0SM9cOFvHcCIhw=", "#cursor": "cursor#L0SM9cOFvHcCIhw="}),
        &json!({":seen_cursor": {"S": HELD}, ":cursor": {"S": r#"{"after":{"request":"r-1","seq":12}}"#}}),
    );
    let (connection, to) = (connection(), Cursor::after(&request(), 12));
    let moved = Transition::MoveCursor { connection, from: held(), attached_at: None, all_of: None, to };
    assert_sends(moved, expected).await;
}

#[tokio::test]
async fn detaching_leaves_nothing_of_the_connection_and_makes_no_session() {
    let expression = "SET #expires_at = :expires_at REMOVE #attached, #cursor DELETE #connections :connections";
    let names = json!({
        "#attached": "attached#L0SM9cOFvHcCIhw=", "#connections": "connections",
        "#cursor": "cursor#L0SM9cOFvHcCIhw=",
    });
    let connections = json!({"SS": ["L0SM9cOFvHcCIhw="]});
    let expected = update(expression, &[THERE], &names, &json!({":connections": connections}));
    assert_sends(Transition::Detach { connection: connection(), seen: None }, expected).await;

    let live = "(attribute_not_exists(#cursor) OR #cursor = :seen_cursor)";
    for (cursor, stored, condition) in [(Cursor::Live, r#""live""#, live), (held(), HELD, "(#cursor = :seen_cursor)")] {
        let values = json!({
            ":connections": connections, ":seen_at": {"N": "1790000000400"}, ":seen_cursor": {"S": stored},
        });
        let expected = update(expression, &[THERE, "(#attached = :seen_at)", condition], &names, &values);
        let seen = Some(Attachment { cursor, attached_at: Timestamp(1_790_000_000_400) });
        assert_sends(Transition::Detach { connection: connection(), seen }, expected).await;
    }
}

#[tokio::test]
async fn a_session_is_loaded_by_one_consistent_read() {
    let (endpoint, table) = table([answer(&json!({}))]).await;
    assert_eq!(table.load(&key(), NOW).await, Ok(Session::default()));
    let sent = endpoint.only_request();
    assert_eq!(operation(&sent), "GetItem");
    let key = json!({"pk": {"S": format!("SESSION#{ADA}#travel #1")}, "sk": {"S": "-"}});
    assert_eq!(body(&sent), json!({"TableName": "gateway", "Key": key, "ConsistentRead": true}));
}
