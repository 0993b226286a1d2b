//! What a message costs of an agent that goes on by itself: part of figure (e).

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::journal::{Journal, Segment};
use agentcore_gateway::protocol::frame::FrameMaker;
use agentcore_gateway::protocol::ids::{AgentName, ReplyRun};
use agentcore_gateway::protocol::reply::ReplyToken;
use agentcore_gateway::relay::{Relay, Settings, Tools};
use agentcore_gateway::run_ended::Nobody;
use agentcore_gateway::session::store::{ReplyRuns, Sessions};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{DETACHED_LEASE, Detached, LeaseId, ReplyGrant, RunKey};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde_json::{Value, json};

use crate::Result;
use crate::in_process::{Nowhere, Stores};
use crate::metered::{Cost, MeteredTable};
use crate::scripted::ScriptedAgent;

/// What AWS charges for one message, besides the time of functions.
pub(crate) struct Message {
    pub(crate) pushes: usize,
    pub(crate) cost: Cost,
}

impl Message {
    /// A message of `events`, behind others of a run that one connection watches.
    pub(crate) async fn of(events: &[String]) -> Result<Self> {
        let (table, pushes) = (Arc::new(MeteredTable::default()), Arc::new(Nowhere::default()));
        let stores = Stores::new(&table, table.clone());
        let detached = detach(&stores, &table).await?;
        let relay = Relay::new(tools(&stores, &table, pushes.clone()));
        detached.relay(&relay, 0, events).await?;
        let (before, pushed) = (table.bill().total(), pushes.count());
        detached.relay(&relay, 1, events).await?;
        let after = table.bill().total();
        let cost = Cost {
            calls: after.calls - before.calls,
            write_units: after.write_units - before.write_units,
            read_units: after.read_units - before.read_units,
        };
        Ok(Self { pushes: pushes.count() - pushed, cost })
    }

    /// As docs/cost-counts.json has it.
    pub(crate) fn json(&self, what: &str, seconds: u32) -> Value {
        json!({
            "what": what,
            "seconds_between": seconds,
            "pushes": self.pushes,
            "write_units": self.cost.write_units,
            "read_units": self.cost.read_units,
        })
    }
}

/// A run whose agent goes on by itself.
struct Run {
    name: ReplyRun,
    token: ReplyToken,
}

/// Leaves a run to its agent, as a worker does.
async fn detach(stores: &Stores, table: &Arc<MeteredTable>) -> Result<Run> {
    let (prompt, now) = (stores.prompt()?, stores.clock.now());
    let RunKey { session, request } = &prompt.run;
    let run = Run {
        name: ReplyRun::new(stores.random.bits()),
        token: ReplyToken::new([stores.random.bits(), stores.random.bits()]),
    };
    let (lease, until) = (LeaseId(stores.random.unique_name()), now.after(DETACHED_LEASE));
    let claim = Transition::Claim {
        request: request.clone(),
        lease: lease.clone(),
        until,
        connection: prompt.connection.clone(),
        agent: AgentName::default_agent(),
        reply: Some(ReplyGrant { run: run.name.clone(), token: run.token.hash() }),
    };
    table.name_run(&run.name, &prompt.run, now).await?;
    table.apply(session, &claim, now).await?.map_err(|_| "the session is not free")?;
    let started = FrameMaker::new(request, &session.session).started();
    table.append(&prompt.run, &Segment::of(Arc::new(started)), &lease, now).await?;
    let detached = Detached::beginning(1, 0);
    let detach = Transition::DetachRun { request: request.clone(), lease, detached, until };
    table.apply(session, &detach, now).await?.map_err(|_| "the run cannot be detached")?;
    Ok(run)
}

fn tools(stores: &Stores, table: &Arc<MeteredTable>, push: Arc<Nowhere>) -> Tools {
    Tools {
        sessions: table.clone(),
        reply_runs: table.clone(),
        journal: table.clone(),
        visibility: stores.visibility(),
        push,
        events: Arc::new(Nobody),
        agents: Arc::new(ScriptedAgent::new(0, Duration::ZERO, |_| String::new())),
        clock: stores.clock.clone(),
        random: stores.random.clone(),
        settings: Settings::default(),
    }
}

impl Run {
    /// Hands the message with this index to `relay`.
    async fn relay(&self, relay: &Relay, index: u64, events: &[String]) -> Result<()> {
        let (run, token, events) = (&self.name, self.token.expose(), events.join(","));
        let head = format!(r#""type":"reply","version":1,"run":"{run}","token":"{token}""#);
        let mut record = SqsMessage::default();
        record.message_id = Some("message".to_owned());
        record.receipt_handle = Some("receipt".to_owned());
        record.body = Some(format!(r#"{{{head},"index":{index},"events":[{events}]}}"#));
        record.attributes.insert("MessageGroupId".to_owned(), "group".to_owned());
        let mut event = SqsEvent::default();
        event.records = vec![record];
        let response = relay.handle(event, None).await;
        if response.batch_item_failures.is_empty() { Ok(()) } else { Err("a relay gave a message back".into()) }
    }
}
