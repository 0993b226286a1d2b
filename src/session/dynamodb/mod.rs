//! Sessions on DynamoDB: each transition is one conditional `UpdateItem`.

mod connections;
pub(crate) mod detached;
mod item;
mod reply_runs;
mod update;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::store::{Refused, Sessions, StoreError};
use super::transition::Transition;
use super::{RETENTION, Session, SessionKey};
use crate::clock::Timestamp;
use crate::table::{Attributes, Item, Table, Update, expiry, key_of, number, session_partition, store_error};
use item::{item_of, session_of};
use update::{compare_as_stored, update_for};

/// What an update came to.
enum Updated {
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
        let mut update = update_for(transition, now);
        loop {
            let stands = match self.update(session_partition(key), &update).await? {
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
                Some(item) if compare_as_stored(&mut update, &item) => {}
                Some(_) => return Err(StoreError::Unavailable("a condition failed that holds".to_owned())),
            }
        }
    }
}

impl Table {
    async fn update(&self, partition: String, update: &Update) -> Result<Updated, StoreError> {
        let request = self.client.update_item().table_name(&self.name).set_key(Some(key_of(partition)));
        let request = request.update_expression(update.expression()).set_condition_expression(update.condition());
        let sent = request
            .set_expression_attribute_names(Some(update.names.clone()))
            .set_expression_attribute_values(Some(update.values.clone()))
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
