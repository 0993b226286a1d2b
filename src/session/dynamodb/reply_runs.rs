//! The names by which agents know their runs, on DynamoDB.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::protocol::ids::{Principal, ReplyRun, RequestId, SessionId};
use crate::session::store::{ReplyRuns, StoreError};
use crate::session::{RETENTION, RunKey, SessionKey};
use crate::table::{Attributes, Item, Table, expiry, key_of, malformed, store_error, text};

#[async_trait]
impl ReplyRuns for Table {
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item_of(name, run, now)));
        put.send().await.map(|_| ()).map_err(|error| store_error(&error))
    }

    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Result<Option<RunKey>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key_of(partition(name))));
        let found = get.consistent_read(true).send().await.map_err(|error| store_error(&error))?;
        found.item.filter(|item| !item.has_expired(now)).map(|item| run_of(&item)).transpose()
    }
}

fn partition(name: &ReplyRun) -> String {
    format!("REPLY#{name}")
}

fn item_of(name: &ReplyRun, RunKey { session, request }: &RunKey, now: Timestamp) -> Item {
    let mut item = key_of(partition(name));
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("principal", text(session.principal.as_str()));
    put("session", text(session.session.as_str()));
    put("request", text(request.as_str()));
    put("expires_at", expiry(now.after(RETENTION)));
    item
}

fn run_of(item: &Item) -> Result<RunKey, StoreError> {
    let principal = Principal::parse(item.text("principal")?).map_err(|_| malformed("principal"))?;
    let session = SessionId::parse(item.text("session")?).map_err(|_| malformed("session"))?;
    let request = RequestId::parse(item.text("request")?).map_err(|_| malformed("request"))?;
    Ok(RunKey { session: SessionKey { principal, session }, request })
}
