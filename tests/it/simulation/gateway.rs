//! The gateway as its clients see it: API Gateway, and the functions behind it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::message::MessageHandler;
use agentcore_gateway::trace::TraceContext;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::functions::Functions;
use super::network::Network;
use super::uploads::Bucket;
use super::verifier::Record;
use crate::support::engine::{answer_of, event_as};

/// API Gateway waits so long for a function; the function goes on.
const PATIENCE: Duration = Duration::from_secs(29);

pub struct Gateway {
    pub messages: MessageHandler,
    pub connections: Arc<Functions>,
    pub network: Network,
    pub record: Record,
    pub bucket: Arc<Bucket>,
}

impl Gateway {
    /// Lets a connection in that the network has opened; `false` if it was refused.
    pub async fn connect(&self, connection: &str, principal: &str, session: Option<&str>) -> bool {
        let mut event = event_as(principal, "$connect", connection, String::new());
        if let Some(session) = session {
            let query = [("sessionId".to_owned(), vec![session.to_owned()])];
            event.query_string_parameters = HashMap::from(query).into();
        }
        let connecting = tokio::spawn(self.connections.clone().invoke(event));
        let answer = timeout(PATIENCE, connecting).await.ok().and_then(|invoked| invoked.expect("no panic"));
        let status = answer.map(|response| response.status_code);
        if status == Some(429) {
            self.record.broke(format!("room (I7): {connection} was refused, for others are attached to {session:?}"));
        }
        if status == Some(200) {
            self.network.accept(connection);
            if let Some(session) = session {
                self.record.owed.attached(connection, &format!("{principal}/{session}"));
            }
        }
        status == Some(200)
    }

    pub async fn disconnect(&self, connection: &str, principal: &str) {
        let event = event_as(principal, "$disconnect", connection, String::new());
        let _ = timeout(PATIENCE, tokio::spawn(self.connections.clone().invoke(event))).await;
    }

    /// Sends a prompt or a stop, and waits for the answer, if one comes.
    pub async fn say(&self, connection: &str, principal: &str, message: &Value) -> Option<Value> {
        let body = message.to_string();
        let Some(route) = message["action"].as_str() else {
            let event = event_as(principal, "$default", connection, body);
            let handled = timeout(PATIENCE, self.messages.handle(&event, TraceContext::default())).await;
            return handled.ok().and_then(answer_of);
        };
        let event = event_as(principal, route, connection, body);
        let invocation = tokio::spawn(self.connections.clone().invoke(event));
        let response = timeout(PATIENCE, invocation).await.ok()?.expect("no panic")?;
        answer_of(response)
    }

    /// Sends a resume, and waits for nothing: what there is to say comes to the connection.
    pub fn resume(&self, connection: &str, principal: &str, session: &str, request: Option<&str>, after: u64) {
        let mut message = json!({"action": "resume", "sessionId": session, "after": after});
        if let Some(request) = request {
            message["requestId"] = request.into();
        }
        let event = event_as(principal, "resume", connection, message.to_string());
        self.record.owed.resumes(connection);
        let (functions, record, connection) = (self.connections.clone(), self.record.clone(), connection.to_owned());
        let sent = Instant::now();
        tokio::spawn(async move {
            let answer = functions.invoke(event).await.map(answer_of);
            match answer {
                Some(None) => record.owed.has_resumed(&connection),
                Some(Some(answer)) if answer["code"] == "rate_limited" => {
                    record.broke(format!("room (I7): a resume of {connection} was refused: {answer}"));
                }
                _ => record.owed.must_resume(&connection, sent),
            }
        });
    }
}
