//! Journals on DynamoDB: a segment is one `PutItem`, put only where none stands.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::{Appended, Journal, RETENTION, Segment, Tail, page};
use crate::clock::Timestamp;
use crate::protocol::frame::{Frame, Outcome, Seq};
use crate::session::store::StoreError;
use crate::session::{LeaseId, RunKey};
use crate::table::{Attributes, Item, Table, expiry, key, malformed, number, run_partition, store_error, text};

#[async_trait]
impl Journal for Table {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item_of(run, segment, writer, now)));
        // What has expired may not have been deleted yet.
        let put = put.condition_expression("attribute_not_exists(#expires_at) OR #expires_at <= :now");
        let put = put.expression_attribute_names("#expires_at", "expires_at");
        let put = put.expression_attribute_values(":now", number(now.0 / 1000));
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Appended::Written) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let stands = failed.item().and_then(|item| item.text("writer").ok());
                Ok(if stands == Some(writer.0.as_str()) { Appended::Written } else { Appended::Overtaken })
            }
            _ => Err(store_error(&error)),
        }
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        let newest = || self.segments(run, now).scan_index_forward(false);
        let last = newest().limit(1).send().await.map_err(|error| store_error(&error))?;
        if last.items().is_empty() && last.last_evaluated_key().is_some() {
            // The last one has expired: it is of an earlier run of the same name. Behind it there may be this one.
            let mut pages = newest().into_paginator().items().send();
            return pages
                .next()
                .await
                .transpose()
                .map_err(|error| store_error(&error))?
                .as_ref()
                .map(tail_of)
                .transpose();
        }
        last.items().first().map(tail_of).transpose()
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        let first = self.place_of(run, after + 1, now).await?;
        let found = self.segments(run, now);
        let found =
            found.key_condition_expression("#pk = :pk AND #sk >= :first").expression_attribute_names("#sk", "sk");
        let found = found.expression_attribute_values(":first", text(place(first))).limit(SEGMENTS_PER_READ);
        let found = found.send().await.map_err(|error| store_error(&error))?;
        let segments = found.items().iter().map(segment_of).collect::<Result<Vec<_>, _>>()?;
        Ok(page(segments.iter().flat_map(Segment::frames), after))
    }
}

/// So many segments make a page of about a megabyte.
const SEGMENTS_PER_READ: i32 = 100;

impl Table {
    /// The segments of `run` that have not expired, as they are now.
    fn segments(&self, run: &RunKey, now: Timestamp) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query.key_condition_expression("#pk = :pk").expression_attribute_names("#pk", "pk");
        let query = query.expression_attribute_values(":pk", text(run_partition(run)));
        let query =
            query.filter_expression("#expires_at > :now").expression_attribute_names("#expires_at", "expires_at");
        query.expression_attribute_values(":now", number(now.0 / 1000))
    }

    /// Where the segment that holds frame `seq` stands.
    async fn place_of(&self, run: &RunKey, seq: Seq, now: Timestamp) -> Result<Seq, StoreError> {
        if seq == 1 {
            return Ok(1);
        }
        let at = self.segments(run, now).scan_index_forward(false).limit(1);
        let at = at.key_condition_expression("#pk = :pk AND #sk <= :seq").expression_attribute_names("#sk", "sk");
        let at = at.expression_attribute_values(":seq", text(place(seq))).projection_expression("#sk, #expires_at");
        let found = at.send().await.map_err(|error| store_error(&error))?;
        match found.items().first() {
            Some(item) => first_of(item),
            // An expired one of an earlier run of the same name stands before it.
            None if found.last_evaluated_key().is_some() => Ok(1),
            None => Ok(seq),
        }
    }
}

fn place(seq: Seq) -> String {
    format!("{seq:010}")
}

fn item_of(run: &RunKey, segment: &Segment, writer: &LeaseId, now: Timestamp) -> Item {
    let mut item = key(run_partition(run), place(segment.first()));
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("frames", AttributeValue::B(Blob::new(segment.encode())));
    put("last", number(segment.last()));
    put("writer", text(&writer.0));
    put("written_at", number(now.0));
    put("expires_at", expiry(now.after(RETENTION)));
    if let Some(outcome) = segment.outcome() {
        put("outcome", text(outcome.as_str()));
    }
    item
}

fn segment_of(item: &Item) -> Result<Segment, StoreError> {
    let frames = item.get("frames").and_then(|value| value.as_b().ok()).ok_or_else(|| malformed("frames"))?;
    Segment::decode(frames.as_ref(), first_of(item)?, outcome_of(item)?)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn tail_of(item: &Item) -> Result<Tail, StoreError> {
    Ok(Tail { last: item.number("last")?, outcome: outcome_of(item)?, written_at: item.moment("written_at")? })
}

fn first_of(item: &Item) -> Result<Seq, StoreError> {
    item.text("sk")?.parse().map_err(|_| malformed("sk"))
}

fn outcome_of(item: &Item) -> Result<Option<Outcome>, StoreError> {
    match item.get("outcome") {
        None => Ok(None),
        Some(_) => Outcome::parse(item.text("outcome")?).map(Some).ok_or_else(|| malformed("outcome")),
    }
}
