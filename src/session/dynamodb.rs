//! Sessions on DynamoDB: each transition is one conditional `UpdateItem`.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{active_value, attached_name, cursor_name, item_of, json_value, session_of, set_of, stop_name};
use super::store::{Refused, Sessions, StoreError};
use super::transition::Transition;
use super::{Active, Attachment, Cursor, Latest, MAX_CONNECTIONS, MAX_STOPS, RETENTION, Session, SessionKey};
use crate::clock::Timestamp;
use crate::protocol::ids::{ConnectionId, RequestId};
use crate::table::{Attributes, Item, Table, Update, expiry, key_of, number, session_partition, store_error, text};

/// What an update came to.
pub(super) enum Updated {
    /// The item as it is now.
    Done(Item),
    /// The condition did not hold for this item; `None`: there is none.
    Refused(Option<Item>),
}

#[async_trait]
impl Sessions for Table {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key_of(session_partition(key))));
        let found = get.consistent_read(true).send().await.map_err(|error| store_error(&error))?;
        found.item.map_or_else(|| Ok(Session::default()), |item| session_of(&item, now))
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        loop {
            let stands = match self.update(session_partition(key), update_for(transition, now)).await? {
                Updated::Done(item) => return Ok(Ok(session_of(&item, now)?)),
                Updated::Refused(stands) => stands,
            };
            let mut session = stands.as_ref().map_or_else(|| Ok(Session::default()), |item| session_of(item, now))?;
            if let Err(refusal) = transition.check(&session, now) {
                return Ok(Err(Refused { refusal, session }));
            }
            transition.change(&mut session, now);
            match stands {
                // There is nothing to take away from.
                None => return Ok(Ok(session)),
                Some(expired) if expired.has_expired(now) => {
                    if self.replace(key, &expired, &session, now).await? {
                        return Ok(Ok(session));
                    }
                }
                Some(_) => return Err(StoreError::Unavailable("a condition failed that holds".to_owned())),
            }
        }
    }
}

impl Table {
    pub(super) async fn update(&self, partition: String, update: Update) -> Result<Updated, StoreError> {
        let request = self.client.update_item().table_name(&self.name).set_key(Some(key_of(partition)));
        let request = request.update_expression(update.expression()).set_condition_expression(update.condition());
        let sent = request
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(updated) => Ok(Updated::Done(updated.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Updated::Refused(failed.item.clone()))
                }
                _ => Err(store_error(&error)),
            },
        }
    }

    /// Puts `session` in the place of an item whose time is over, unless somebody else has done so.
    async fn replace(
        &self,
        key: &SessionKey,
        expired: &Item,
        session: &Session,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = key_of(session_partition(key));
        item.extend(item_of(session));
        item.insert("expires_at".to_owned(), expiry(now.after(RETENTION)));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put =
            put.condition_expression("#expires_at = :expired").expression_attribute_names("#expires_at", "expires_at");
        match put.expression_attribute_values(":expired", number(expired.number("expires_at")?)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(store_error(&error)),
            },
        }
    }
}

/// The update that is `transition`, and its condition: what [`Transition::change`] and [`Transition::check`] say.
fn update_for(transition: &Transition, now: Timestamp) -> Update {
    let mut update = Update::default();
    update
        .name("expires_at", "expires_at")
        .value("expires_at", expiry(now.after(RETENTION)))
        .set("#expires_at = :expires_at");
    update.value("now_s", number(now.0 / 1000)).when("attribute_not_exists(#expires_at) OR #expires_at > :now_s");
    match transition {
        Transition::Claim { request, lease, until, connection } => {
            let active =
                Active { request: request.clone(), lease: lease.clone(), lease_until: *until, started_at: now };
            update.name("active", "active").value("active", active_value(&active));
            update.when("attribute_not_exists(#active)").set("#active = :active");
            let attachment = attachment(&mut update, connection, now);
            attachment.set("#attached = if_not_exists(#attached, :now)");
        }
        Transition::Renew { lease, until } => {
            update.name("active", "active").name("lease", "lease").name("lease_until", "lease_until");
            update.value("lease", text(&lease.0)).value("until", number(until.0));
            update.when("#active.#lease = :lease").when("#active.#lease_until <= :until");
            update.set("#active.#lease_until = :until");
        }
        Transition::Finish { request, lease, outcome, last_seq } => {
            let latest = Latest { request: request.clone(), outcome: *outcome, last_seq: *last_seq };
            update.name("active", "active").name("lease", "lease").name("lease_until", "lease_until");
            update.name("request", "request").name("latest", "latest");
            update.value("request", text(request.as_str())).value("lease", text(&lease.0)).value("now", number(now.0));
            update.value("latest", json_value(&latest));
            update.when("#active.#request = :request");
            update.when("#active.#lease = :lease OR #active.#lease_until < :now");
            update.remove("#active").set("#latest = :latest");
            forget_stop(&mut update, request);
        }
        Transition::Stop { request } => {
            update.name("stops", "stops").name("stop", stop_name(request));
            update.value("stops", set_of(request.as_str())).value("now", number(now.0));
            update.value("max_stops", number(MAX_STOPS as u64));
            update.when("attribute_exists(#stop) OR attribute_not_exists(#stops) OR size(#stops) < :max_stops");
            update.set("#stop = if_not_exists(#stop, :now)").add("#stops :stops");
        }
        Transition::ForgetStop { request } => {
            update.when("attribute_exists(#expires_at)");
            forget_stop(&mut update, request);
        }
        Transition::Attach { connection, cursor } => {
            attachment(&mut update, connection, now).set("#attached = :now");
            if *cursor != Cursor::Live {
                set_cursor(&mut update, connection, cursor);
            }
        }
        Transition::MoveCursor { connection, from, to } => {
            has_cursor(&mut update, connection, from);
            update.name("attached", attached_name(connection)).when("attribute_exists(#attached)");
            set_cursor(&mut update, connection, to);
        }
        Transition::Detach { connection, seen } => {
            update.when("attribute_exists(#expires_at)");
            if let Some(Attachment { cursor, attached_at }) = seen {
                update.value("seen_at", number(attached_at.0)).when("#attached = :seen_at");
                has_cursor(&mut update, connection, cursor);
            }
            update.name("connections", "connections").value("connections", set_of(connection.as_str()));
            update.name("attached", attached_name(connection)).name("cursor", cursor_name(connection));
            update.remove("#attached").remove("#cursor").delete("#connections :connections");
        }
    }
    update
}

/// Adds `connection` to those that are attached, if there is room; since when, the caller sets.
fn attachment<'a>(update: &'a mut Update, connection: &ConnectionId, now: Timestamp) -> &'a mut Update {
    update.name("connections", "connections").value("connections", set_of(connection.as_str()));
    update.name("attached", attached_name(connection)).value("now", number(now.0));
    update.value("max_connections", number(MAX_CONNECTIONS as u64));
    update.when(
        "attribute_exists(#attached) OR attribute_not_exists(#connections) OR size(#connections) < :max_connections",
    );
    update.add("#connections :connections")
}

/// [`Cursor::Live`] is an attribute that is not there, but for one that a replay has moved back to it.
fn has_cursor(update: &mut Update, connection: &ConnectionId, cursor: &Cursor) {
    update.name("cursor", cursor_name(connection)).value("seen_cursor", json_value(cursor));
    update.when(match cursor {
        Cursor::Live => "attribute_not_exists(#cursor) OR #cursor = :seen_cursor",
        _ => "#cursor = :seen_cursor",
    });
}

fn set_cursor(update: &mut Update, connection: &ConnectionId, cursor: &Cursor) {
    update.name("cursor", cursor_name(connection)).value("cursor", json_value(cursor)).set("#cursor = :cursor");
}

fn forget_stop(update: &mut Update, request: &RequestId) {
    update.name("stops", "stops").value("stops", set_of(request.as_str())).delete("#stops :stops");
    update.name("stop", stop_name(request)).remove("#stop");
}
