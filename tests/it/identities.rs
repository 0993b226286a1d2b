//! Whose a connection is: with `iam` by recorded events of callers of every kind, and that no mode but `none` takes an event
//! that does not say it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::{Clock, Timestamp};
use agentcore_gateway::identity::{Identity, Unidentified};
use agentcore_gateway::protocol::ids::{ConnectionId, Principal};
use agentcore_gateway::session::store::{Connections, Owners, StoreError};
use async_trait::async_trait;
use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::engine::{Engine, answer_of, event_as};
use crate::support::scripted::{ScriptedAgents, stream};

/// A caller as API Gateway describes it, and who that is.
#[derive(Deserialize)]
struct Caller {
    principal: String,
    identity: Value,
}

fn callers() -> BTreeMap<String, Caller> {
    serde_json::from_str(include_str!("../fixtures/events/identities.json")).unwrap()
}

const ADA: &str = "Cognito identity ada";
const BOB: &str = "Cognito identity bob";

/// The event of `$connect` that opens `connection` by a caller whose description is `identity`.
fn connecting(connection: &str, identity: &Value) -> ApiGatewayWebsocketProxyRequest {
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/events/connect_iam.json")).unwrap();
    event["requestContext"]["connectionId"] = json!(connection);
    event["requestContext"]["identity"] = identity.clone();
    serde_json::from_value(event).unwrap()
}

/// An event of a message, as it comes where no authorizer stands before the API.
fn saying(connection: &str, message: &Value) -> ApiGatewayWebsocketProxyRequest {
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/events/message.json")).unwrap();
    let context = event["requestContext"].as_object_mut().unwrap();
    context.remove("authorizer");
    context.insert("connectionId".to_owned(), json!(connection));
    context.insert("routeKey".to_owned(), message.get("action").cloned().unwrap_or_else(|| json!("$default")));
    event["body"] = json!(message.to_string());
    serde_json::from_value(event).unwrap()
}

fn prompt() -> Value {
    json!({"prompt": "hi", "sessionId": "s", "requestId": "r"})
}

/// Each message that needs a principal.
fn messages() -> [Value; 3] {
    [
        prompt(),
        json!({"action": "resume", "sessionId": "s", "requestId": "r"}),
        json!({"action": "stop", "sessionId": "s", "requestId": "r"}),
    ]
}

fn engine(identity: impl FnOnce(Arc<dyn Owners>) -> Identity) -> Engine {
    let agents = ScriptedAgents::new(|_, _| stream(["\"secret\""], Duration::from_millis(10)));
    Engine::identified(agents, |table| identity(table))
}

async fn open(engine: &Engine, connection: &str, identity: &Value) -> i64 {
    engine.handle(connecting(connection, identity)).await.status_code
}

async fn say(engine: &Engine, connection: &str, message: &Value) -> Option<Value> {
    answer_of(engine.handle(saying(connection, message)).await)
}

async fn owner(engine: &Engine, connection: &str) -> Option<String> {
    let connection = ConnectionId::parse(connection).unwrap();
    engine.table.owner(&connection, engine.clock.now()).await.unwrap().map(String::from)
}

/// The principal of the next prompt in the queue.
async fn queued_for(engine: &Engine) -> String {
    let delivery = engine.queue.receive().await;
    let prompt: Value = serde_json::from_str(&delivery.body).unwrap();
    prompt["principal"].as_str().unwrap().to_owned()
}

/// Asserts that `engine` takes no message on `connection`, and writes and queues nothing for one.
async fn assert_refuses_messages(engine: &Engine, event_of: impl Fn(&Value) -> ApiGatewayWebsocketProxyRequest) {
    for message in messages() {
        let answer = answer_of(engine.handle(event_of(&message)).await).unwrap();
        let expected = json!({
            "type": "rejected", "code": "unavailable", "requestId": "r", "retryable": true,
            "message": "The gateway does not know who sent this message; connect again.",
        });
        assert_eq!(answer, expected, "{message}");
    }
    assert!(engine.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_principal_of_each_kind_of_caller_is_what_connect_saw() {
    for (name, Caller { principal, identity }) in callers() {
        let engine = engine(Identity::Caller);
        assert_eq!(open(&engine, "c", &identity).await, 200, "{name}");
        assert_eq!(owner(&engine, "c").await.as_deref(), Some(&*principal), "{name}");
        assert_eq!(say(&engine, "c", &prompt()).await.unwrap()["type"], "accepted", "{name}");
        assert_eq!(queued_for(&engine).await, principal, "{name}");
    }
}

#[test]
fn no_two_callers_are_one_principal() {
    let mut principals: Vec<_> = callers().into_values().map(|caller| caller.principal).collect();
    let all = principals.len();
    principals.sort();
    principals.dedup();
    assert_eq!((principals.len(), all), (7, 7));
    let arn = |name: &str| callers()[name].identity["userArn"].clone();
    assert_eq!(arn(ADA), arn(BOB), "the identities of a pool have their role in common");
}

#[tokio::test(start_paused = true)]
async fn two_identities_of_a_pool_that_use_one_session_id_have_two_sessions() {
    let engine = engine(Identity::Caller);
    let callers = callers();
    for (connection, name) in [("ada", ADA), ("bob", BOB)] {
        open(&engine, connection, &callers[name].identity).await;
    }
    say(&engine, "ada", &prompt()).await;
    let resume = json!({"action": "resume", "sessionId": "s"});
    say(&engine, "bob", &resume).await;
    engine.work_next().await;
    assert_eq!(engine.frames("ada", "r").last().unwrap()["type"], "completed");
    assert_eq!(engine.push.received("bob").len(), 1, "what he resumed is empty");
    say(&engine, "bob", &json!({"action": "resume", "sessionId": "s", "requestId": "r"})).await;
    let states: Vec<_> = engine.push.received("bob").iter().map(|frame| frame["state"].clone()).collect();
    assert_eq!(states, ["idle", "queued"]);
    let stopped = say(&engine, "bob", &json!({"action": "stop", "sessionId": "s"})).await.unwrap();
    assert_eq!(stopped["code"], "not_found");
    say(&engine, "bob", &prompt()).await;
    engine.work_next().await;
    let sessions: Vec<_> = engine.agents.calls().into_iter().map(|call| call.runtime_session).collect();
    assert!(sessions.len() == 2 && sessions[0] != sessions[1], "{sessions:?}");
    assert_eq!((engine.frames("ada", "r").len(), engine.frames("bob", "r").len()), (3, 3), "each got a run of its own");
}

#[tokio::test(start_paused = true)]
async fn what_later_events_say_of_the_caller_does_not_count() {
    let engine = engine(Identity::Caller);
    let callers = callers();
    open(&engine, "c", &callers[ADA].identity).await;
    let mut event = saying("c", &prompt());
    event.request_context.identity.user_arn = Some("arn:aws:iam::123456789012:user/eve".to_owned());
    event.request_context.authorizer.fields.insert("principalId".to_owned(), json!("eve"));
    engine.handle(event).await;
    assert_eq!(queued_for(&engine).await, callers[ADA].principal);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_say_who_signed_it_is_refused() {
    let (callers, engine) = (callers(), engine(Identity::Caller));
    let mut without = callers[ADA].identity.clone();
    without["cognitoIdentityId"] = Value::Null;
    let mut half = callers[ADA].identity.clone();
    half["cognitoIdentityPoolId"] = json!("");
    let mut neither = without.clone();
    neither["cognitoIdentityPoolId"] = Value::Null;
    let mut user_only = callers["role"].identity.clone();
    user_only["userArn"] = Value::Null;
    let mut too_long = callers["role"].identity.clone();
    too_long["userArn"] = json!("a".repeat(2049));
    let nobody = json!({"sourceIp": "203.0.113.7"});
    for identity in [without, half, neither, user_only, too_long, nobody, json!({"userArn": "anonymous"})] {
        assert_eq!(open(&engine, "c", &identity).await, 403, "{identity}");
        assert_eq!(owner(&engine, "c").await, None, "{identity}");
    }
    let mut event = connecting("c", &json!({}));
    event.request_context.authorizer.fields.insert("principalId".to_owned(), json!("eve"));
    assert_eq!(engine.handle(event).await.status_code, 403, "an authorizer's principal is no caller");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_connection_whose_caller_nobody_saw_is_refused() {
    let engine = engine(Identity::Caller);
    assert_refuses_messages(&engine, |message| saying("unknown", message)).await;
    // One that was opened while everybody was let in, and one from when identities of a pool were recorded as their role.
    let role = Principal::parse(callers()[ADA].identity["userArn"].as_str().unwrap()).unwrap();
    for (name, principal) in [("open", Principal::anonymous()), ("role", role)] {
        let connection = ConnectionId::parse(name).unwrap();
        engine.table.record(&connection, &principal, None, None, engine.clock.now()).await.unwrap();
        assert_refuses_messages(&engine, |message| saying(name, message)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_has_no_principal_any_more() {
    let engine = engine(Identity::Caller);
    open(&engine, "c", &callers()["role"].identity).await;
    let mut event = saying("c", &json!({}));
    event.request_context.route_key = Some("$disconnect".to_owned());
    assert_eq!(engine.handle(event).await.status_code, 200);
    assert_refuses_messages(&engine, |message| saying("c", message)).await;
}

/// A table that is out of reach.
struct OutOfReach;

#[async_trait]
impl Owners for OutOfReach {
    async fn owner(&self, _: &ConnectionId, _: Timestamp) -> Result<Option<Principal>, StoreError> {
        Err(StoreError::Throttled)
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_refused_while_its_principal_cannot_be_looked_up() {
    let engine = engine(|_| Identity::Caller(Arc::new(OutOfReach)));
    for message in messages() {
        let answer = say(&engine, "c", &message).await.unwrap();
        assert_eq!((&answer["code"], &answer["retryable"]), (&json!("unavailable"), &json!(true)), "{message}");
        assert!(answer["requestId"] == "r" && answer["message"].as_str().unwrap().contains("looked up"), "{answer}");
    }
    assert!(engine.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn with_tokens_an_event_without_the_authorizer_s_principal_is_refused() {
    let (long, caller) = ("a".repeat(2049), callers().remove("role").unwrap().identity);
    for principal in [json!(null), json!(""), json!("anonymous"), json!(7), json!({"a": "b"}), json!(long)] {
        let engine = engine(|_| Identity::Token);
        let with_principal = |mut event: ApiGatewayWebsocketProxyRequest| {
            if !principal.is_null() {
                event.request_context.authorizer.fields.insert("principalId".to_owned(), principal.clone());
            }
            event
        };
        // Who signed it does not count here.
        let opened = engine.handle(with_principal(connecting("c", &caller))).await;
        assert_eq!((opened.status_code, owner(&engine, "c").await), (403, None), "{principal}");
        assert_refuses_messages(&engine, |message| with_principal(saying("c", message))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_tokens_the_principal_is_the_authorizer_s_and_no_record_is_looked_at() {
    let engine = engine(|_| Identity::Token);
    let event = event_as("auth0|ada", "$default", "c", prompt().to_string());
    assert_eq!(answer_of(engine.handle(event).await).unwrap()["type"], "accepted");
    assert_eq!(queued_for(&engine).await, "auth0|ada");
}

#[tokio::test(start_paused = true)]
async fn without_authentication_everybody_is_anonymous_whatever_an_event_says() {
    let engine = engine(|_| Identity::Anonymous);
    open(&engine, "c", &callers()["role"].identity).await;
    assert_eq!(owner(&engine, "c").await.as_deref(), Some("anonymous"));
    engine.handle(event_as("auth0|ada", "$default", "c", prompt().to_string())).await;
    assert_eq!(queued_for(&engine).await, "anonymous");
}

#[test]
fn what_is_missing_is_said() {
    let [token, caller] = [Identity::Token, Identity::Caller(Arc::new(OutOfReach))];
    let event = connecting("c", &json!({}));
    assert_eq!(token.at_connect(&event), Err(Unidentified::NoToken));
    assert_eq!(caller.at_connect(&event), Err(Unidentified::NoCaller));
    let shared = json!({"userArn": callers()[ADA].identity["userArn"]});
    assert_eq!(caller.at_connect(&connecting("c", &shared)), Err(Unidentified::NoIdentity));
}
