//! Records of connections on DynamoDB.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;

use super::Updated;
use super::item::set_of;
use crate::clock::Timestamp;
use crate::protocol::ids::{ConnectionId, Principal, SessionId};
use crate::session::store::{Connection, Connections, MAX_RECORDED_SESSIONS, Owners, StoreError};
use crate::session::{CONNECTION_RETENTION, ReplayId};
use crate::table::{Attributes, Item, Table, Update, expiry, key_of, malformed, number, store_error, text};

#[async_trait]
impl Connections for Table {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let recorded = self.update(connection_partition(connection), &record(principal, session, replay, now)).await?;
        // Refused: the record names as many sessions as it may. The replay it names all the same.
        if matches!(recorded, Updated::Refused(_)) && replay.is_some() {
            self.update(connection_partition(connection), &record(principal, None, replay, now)).await?;
        }
        Ok(())
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        self.read_record(connection, now).await?.map_or(Ok(None), |item| replay_of(&item))
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        let delete =
            self.client.delete_item().table_name(&self.name).set_key(Some(key_of(connection_partition(connection))));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await.map_err(|error| store_error(&error))?;
        deleted.attributes.filter(|item| !item.has_expired(now)).map(|item| connection_of(&item)).transpose()
    }
}

#[async_trait]
impl Owners for Table {
    async fn owner(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Principal>, StoreError> {
        self.read_record(connection, now).await?.map(|item| principal_of(&item)).transpose()
    }
}

impl Table {
    /// The record of `connection` as it is, after every write before this.
    async fn read_record(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.name);
        let get = get.set_key(Some(key_of(connection_partition(connection)))).consistent_read(true);
        let found = get.send().await.map_err(|error| store_error(&error))?;
        Ok(found.item.filter(|item| !item.has_expired(now)))
    }
}

fn record(principal: &Principal, session: Option<&SessionId>, replay: Option<&ReplayId>, now: Timestamp) -> Update {
    let mut update = Update::default();
    update.name("principal", "principal").value("principal", text(principal.as_str())).set("#principal = :principal");
    update.name("expires_at", "expires_at").value("expires_at", expiry(now.after(CONNECTION_RETENTION)));
    update.set("#expires_at = :expires_at");
    if let Some(session) = session {
        update.name("sessions", "sessions").value("sessions", set_of(session.as_str())).add("#sessions :sessions");
        update.value("max_sessions", number(MAX_RECORDED_SESSIONS as u64));
        update.when("attribute_not_exists(#sessions) OR size(#sessions) < :max_sessions");
    }
    if let Some(ReplayId(replay)) = replay {
        update.name("replay", "replay").value("replay", text(replay)).set("#replay = :replay");
    }
    update
}

fn replay_of(item: &Item) -> Result<Option<ReplayId>, StoreError> {
    item.get("replay").map(|_| item.text("replay").map(|replay| ReplayId(replay.to_owned()))).transpose()
}

fn principal_of(item: &Item) -> Result<Principal, StoreError> {
    Principal::parse(item.text("principal")?).map_err(|_| malformed("principal"))
}

fn connection_partition(connection: &ConnectionId) -> String {
    format!("CONNECTION#{connection}")
}

fn connection_of(item: &Item) -> Result<Connection, StoreError> {
    let sessions = match item.get("sessions") {
        Some(sessions) => sessions.as_ss().map_err(|_| malformed("sessions"))?.as_slice(),
        None => &[],
    };
    let sessions = sessions.iter().map(|id| SessionId::parse(id.as_str()).map_err(|_| malformed("sessions")));
    Ok(Connection {
        principal: principal_of(item)?,
        sessions: sessions.collect::<Result<_, _>>()?,
        replay: replay_of(item)?,
    })
}
