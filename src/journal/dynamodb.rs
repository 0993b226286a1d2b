//! Journals on DynamoDB: a segment is one `PutItem`, put only where none stands.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::page::Page;
use super::{Appended, Journal, RETENTION, Segment, Stands, Tail};
use crate::clock::Timestamp;
use crate::protocol::frame::{Frame, Outcome, Seq};
use crate::session::dynamodb::detached::{next_of, next_values};
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
                let item = failed.item().ok_or_else(|| malformed("writer"))?;
                let is_own = item.text("writer")? == writer.0;
                Ok(if is_own { Appended::Written } else { Appended::Overtaken(stands_of(item)?) })
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
        let mut page = Page::behind(after);
        let Some(first) = self.place_behind(run, after, now).await? else { return Ok(page.into_frames()) };
        let (mut count, mut read_to) = (FIRST_SEGMENTS, None);
        loop {
            let found = self.segments_from(run, first, now).limit(count).set_exclusive_start_key(read_to);
            let found = found.send().await.map_err(|error| store_error(&error))?;
            for item in found.items() {
                if !page.take(&segment_of(item)?) {
                    return Ok(page.into_frames());
                }
            }
            read_to = found.last_evaluated_key;
            if read_to.is_none() {
                return Ok(page.into_frames());
            }
            count = page.missing().and_then(|count| count.try_into().ok()).unwrap_or(MAX_SEGMENTS);
            count = count.clamp(1, MAX_SEGMENTS);
        }
    }
}

/// So many segments are asked for first: a page holds as many of the largest.
const FIRST_SEGMENTS: i32 = 4;

/// So many are asked for at once: of small ones, about a page.
const MAX_SEGMENTS: i32 = 100;

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

    /// Those of them that stand at `first` or behind it.
    fn segments_from(&self, run: &RunKey, first: Seq, now: Timestamp) -> QueryFluentBuilder {
        let query = self.segments(run, now).key_condition_expression("#pk = :pk AND #sk >= :first");
        query.expression_attribute_names("#sk", "sk").expression_attribute_values(":first", text(place(first)))
    }

    /// Where the segment stands that holds the frame behind `after`; `None`: there is none yet.
    async fn place_behind(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Option<Seq>, StoreError> {
        if after == 0 {
            return Ok(Some(1));
        }
        let next = after.saturating_add(1);
        let at = self.segments(run, now).scan_index_forward(false).limit(1);
        let at = at.key_condition_expression("#pk = :pk AND #sk <= :seq").expression_attribute_names("#sk", "sk");
        let at = at.expression_attribute_values(":seq", text(place(next)));
        let at = at.projection_expression("#sk, #last, #expires_at").expression_attribute_names("#last", "last");
        let found = at.send().await.map_err(|error| store_error(&error))?;
        match found.items().first() {
            Some(item) if item.number("last")? <= after => Ok(None),
            Some(item) => first_of(item).map(Some),
            // There is none at all, or one of an earlier run of the same name has expired.
            None => Ok(Some(1)),
        }
    }
}

/// More than any reply has frames. A sort key has ten digits, and is compared as text.
const LAST_PLACE: Seq = 9_999_999_999;

fn place(seq: Seq) -> String {
    format!("{:010}", seq.min(LAST_PLACE))
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
    if let Some(next) = segment.next() {
        next_values(next).into_iter().for_each(|(name, value)| _ = put(name, value));
    }
    item
}

fn segment_of(item: &Item) -> Result<Segment, StoreError> {
    let frames = item.get("frames").and_then(|value| value.as_b().ok()).ok_or_else(|| malformed("frames"))?;
    Segment::decode(frames.as_ref(), first_of(item)?, outcome_of(item)?)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn stands_of(item: &Item) -> Result<Stands, StoreError> {
    Ok(Stands {
        last: item.number("last")?,
        outcome: outcome_of(item)?,
        next: item.get("next_index").map(|_| next_of(item)).transpose()?,
    })
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
