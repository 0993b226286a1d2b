//! A session as an item of the table.
//!
//! Connections and stops are a set each, for their number is limited by a condition, and beside it one or two attributes
//! per member: `attached#<connection>` and `cursor#<connection>`, `stop#<request>`. So each can be set and removed alone,
//! in one update, whether or not there are others.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::detached::{detached_of, detached_value, grant_of, grant_value, unstopped_of, unstopped_value};
use crate::clock::Timestamp;
use crate::protocol::ids::{AgentName, ConnectionId, RequestId};
use crate::session::store::StoreError;
use crate::session::{Active, Attachment, Attachments, Cursor, LeaseId, Session};
use crate::table::{Attributes, Item, malformed, number, text};

const ATTACHED: &str = "attached#";
const CURSOR: &str = "cursor#";
const STOP: &str = "stop#";

/// Where it stands since when `connection` is attached.
pub(super) fn attached_name(connection: &ConnectionId) -> String {
    format!("{ATTACHED}{connection}")
}

/// Where it stands from where on `connection` gets frames; absent: [`Cursor::Live`].
pub(super) fn cursor_name(connection: &ConnectionId) -> String {
    format!("{CURSOR}{connection}")
}

/// Where it stands since when `request` is to stop.
pub(super) fn stop_name(request: &RequestId) -> String {
    format!("{STOP}{request}")
}

/// A set of one.
pub(super) fn set_of(member: &str) -> AttributeValue {
    AttributeValue::Ss(vec![member.to_owned()])
}

/// The active run. A map, because conditions look at its parts.
pub(super) fn active_value(active: &Active) -> AttributeValue {
    let mut parts = vec![
        ("request", text(active.request.as_str())),
        ("lease", text(&active.lease.0)),
        ("lease_until", number(active.lease_until.0)),
        ("started_at", number(active.started_at.0)),
    ];
    parts.extend(active.agent.as_ref().map(|agent| ("agent", text(agent.as_str()))));
    parts.extend(active.reply.as_ref().map(|reply| ("reply", grant_value(reply))));
    parts.extend(active.detached.as_ref().map(|detached| ("detached", detached_value(detached))));
    map_of(parts)
}

/// A map with these members.
pub(super) fn map_of(parts: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> AttributeValue {
    AttributeValue::M(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A value that no condition looks into, as JSON.
pub(super) fn json_value(value: &impl serde::Serialize) -> AttributeValue {
    // These are plain structures with text keys: there is nothing in them that JSON does not have.
    text(serde_json::to_string(value).unwrap_or_default())
}

/// The attributes of `session`, without key and expiry.
pub(super) fn item_of(session: &Session) -> Item {
    let mut item = Item::new();
    if !session.connections.is_empty() {
        let ids = session.connections.keys().map(ToString::to_string).collect();
        item.insert("connections".to_owned(), AttributeValue::Ss(ids));
    }
    for (connection, Attachment { cursor, attached_at }) in &session.connections {
        item.insert(attached_name(connection), number(attached_at.0));
        if *cursor != Cursor::Live {
            item.insert(cursor_name(connection), json_value(cursor));
        }
    }
    if let Some(active) = &session.active {
        item.insert("active".to_owned(), active_value(active));
    }
    if let Some(latest) = &session.latest {
        item.insert("latest".to_owned(), json_value(latest));
    }
    if let Some(untold) = &session.untold {
        item.insert("untold".to_owned(), json_value(untold));
    }
    if let Some(unstopped) = &session.unstopped {
        item.insert("unstopped".to_owned(), unstopped_value(unstopped));
    }
    if !session.stops.is_empty() {
        let requests = session.stops.keys().map(ToString::to_string).collect();
        item.insert("stops".to_owned(), AttributeValue::Ss(requests));
    }
    item.extend(session.stops.iter().map(|(request, since)| (stop_name(request), number(since.0))));
    item
}

/// The session that `item` holds; one that has expired is empty.
pub(super) fn session_of(item: &Item, now: Timestamp) -> Result<Session, StoreError> {
    if item.has_expired(now) {
        return Ok(Session::default());
    }
    let active = member(item, "active")?.map(active_of);
    let unstopped = member(item, "unstopped")?.map(unstopped_of);
    let latest = item.get("latest").map(|_| json(item, "latest"));
    let untold = item.get("untold").map(|_| json(item, "untold"));
    let (mut connections, mut stops) = (Attachments::new(), BTreeMap::new());
    for name in item.keys() {
        if let Some(id) = name.strip_prefix(ATTACHED) {
            let connection = ConnectionId::parse(id).map_err(|_| malformed(name))?;
            let cursor = cursor_name(&connection);
            let cursor = if item.contains_key(&cursor) { json(item, &cursor)? } else { Cursor::Live };
            connections.insert(connection, Attachment { cursor, attached_at: item.moment(name)? });
        } else if let Some(id) = name.strip_prefix(STOP) {
            stops.insert(RequestId::parse(id).map_err(|_| malformed(name))?, item.moment(name)?);
        }
    }
    Ok(Session {
        connections,
        active: active.transpose()?,
        latest: latest.transpose()?,
        untold: untold.transpose()?,
        unstopped: unstopped.transpose()?,
        stops,
    })
}

fn active_of(parts: &Item) -> Result<Active, StoreError> {
    Ok(Active {
        request: RequestId::parse(parts.text("request")?).map_err(|_| malformed("active.request"))?,
        lease: LeaseId(parts.text("lease")?.to_owned()),
        lease_until: parts.moment("lease_until")?,
        started_at: parts.moment("started_at")?,
        agent: parts.get("agent").map(|_| agent_of(parts)).transpose()?,
        reply: member(parts, "reply")?.map(grant_of).transpose()?,
        detached: member(parts, "detached")?.map(detached_of).transpose()?,
    })
}

/// The agent that `parts` name.
pub(super) fn agent_of(parts: &Item) -> Result<AgentName, StoreError> {
    AgentName::parse(parts.text("agent")?).map_err(|_| malformed("agent"))
}

/// The map `name`, if there is one.
pub(super) fn member<'a>(item: &'a Item, name: &str) -> Result<Option<&'a Item>, StoreError> {
    item.get(name).map(|value| value.as_m().map_err(|_| malformed(name))).transpose()
}

fn json<T: serde::de::DeserializeOwned>(item: &Item, name: &str) -> Result<T, StoreError> {
    serde_json::from_str(item.text(name)?).map_err(|_| malformed(name))
}
