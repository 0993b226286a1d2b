//! What the gateway counts on in DynamoDB: said of the model, and of an emulator.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue::{M, N, S, Ss};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

type Item = HashMap<String, AttributeValue>;

/// One table of one client.
pub struct Subject {
    pub client: Client,
    pub table: String,
}

/// All of it, in partitions of its own.
pub async fn suite(subject: &Subject) {
    subject.conditions_compare_by_type_and_not_what_is_missing().await;
    subject.a_failed_condition_changes_nothing_and_shows_what_stands().await;
    subject.sets_come_and_go_with_their_members().await;
    subject.operands_are_read_from_what_stood_before().await;
    subject.a_query_counts_before_it_filters().await;
}

fn text(value: &str) -> AttributeValue {
    S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    N(value.to_owned())
}

fn set(members: &[&str]) -> AttributeValue {
    Ss(members.iter().map(ToString::to_string).collect())
}

fn item(attributes: &[(&str, AttributeValue)]) -> Item {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn key(partition: &str, sort: &str) -> Item {
    item(&[("pk", text(partition)), ("sk", text(sort))])
}

/// `#a` and `#b` stand for `a` and `b`, as far as `expressions` name them.
fn names(expressions: &str) -> HashMap<String, String> {
    let known = ["pk", "sk", "a", "b", "in"].map(|name| (format!("#{name}"), name.to_owned()));
    known.into_iter().filter(|(placeholder, _)| expressions.contains(placeholder.as_str())).collect()
}

impl Subject {
    fn put(&self, partition: &str, sort: &str, attributes: &[(&str, AttributeValue)]) -> PutItemFluentBuilder {
        let mut item = item(attributes);
        item.extend(key(partition, sort));
        self.client.put_item().table_name(&self.table).set_item(Some(item))
    }

    fn update(&self, partition: &str, update: &str, values: &[(&str, AttributeValue)]) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.table).set_key(Some(key(partition, "-")));
        let request = request.update_expression(update).set_expression_attribute_names(Some(names(update)));
        let values = Some(item(values)).filter(|values| !values.is_empty());
        request.set_expression_attribute_values(values).return_values(ReturnValue::AllNew)
    }

    /// What an update leaves, without its key.
    async fn updated(&self, partition: &str, update: &str, values: &[(&str, AttributeValue)]) -> Item {
        let mut after = self.update(partition, update, values).send().await.unwrap().attributes.unwrap();
        after.retain(|name, _| name != "pk" && name != "sk");
        after
    }

    async fn get(&self, partition: &str) -> Option<Item> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(partition, "-")));
        get.consistent_read(true).send().await.unwrap().item
    }

    async fn conditions_compare_by_type_and_not_what_is_missing(&self) {
        let inner = M(item(&[("b", number("9")), ("in", M(item(&[("b", number("7"))])))]));
        self.put("compare", "-", &[("a", number("9")), ("b", text("9")), ("in", inner)]).send().await.unwrap();
        let (ten, ten_text) = (number("10"), text("10"));
        let cases = [
            ("#a < :v", &ten, true),
            ("#b < :v", &ten_text, false),
            ("#b > :v", &ten_text, true),
            ("#a = :v", &text("9"), false),
            ("#a <> :v", &text("9"), true),
            ("#a = :v", &number("9"), true),
            ("#in.#b < :v", &ten, true),
            ("#in.#a < :v", &ten, false),
            ("#in.#a > :v", &ten, false),
            ("#in.#a <> :v", &ten, true),
            ("attribute_exists(#in.#b) AND #a < :v", &ten, true),
            ("attribute_not_exists(#in.#b) OR #a > :v", &ten, false),
            ("#a > :v OR #a < :v AND attribute_exists(#b)", &ten, true),
            ("(#a > :v OR #a < :v) AND attribute_not_exists(#b)", &ten, false),
            ("#in.#in.#b = :v", &number("7"), true),
            ("#in.#in.#b <= :v", &number("6"), false),
            ("#in.#in.#a = :v", &number("7"), false),
            ("#in.#a.#b <> :v", &number("7"), true),
            ("attribute_exists(#in.#in) AND #a < :v", &ten, true),
            ("attribute_exists(#in.#a) OR #in.#in.#b > :v", &ten, false),
            ("attribute_not_exists(#in.#in.#a) OR #in.#in.#a < :v", &ten, true),
            ("size(#in) < :v", &number("3"), true),
            ("size(#in.#a) < :v", &number("2"), false),
        ];
        for (condition, value, holds) in cases {
            let update = self.update("compare", "SET #a = :nine", &[(":nine", number("9")), (":v", value.clone())]);
            let update = update.condition_expression(condition).set_expression_attribute_names(Some(names(condition)));
            let update = update.expression_attribute_names("#a", "a");
            assert_eq!(update.send().await.is_ok(), holds, "{condition}");
        }
    }

    async fn a_failed_condition_changes_nothing_and_shows_what_stands(&self) {
        for (stands, all_old) in [(true, true), (true, false), (false, true)] {
            let partition = format!("failed {stands} {all_old}");
            if stands {
                self.put(&partition, "-", &[("b", text("x"))]).send().await.unwrap();
            }
            let update = self.update(&partition, "SET #a = :v", &[(":v", text("y"))]);
            let update = update.condition_expression("attribute_exists(#a)");
            let wanted = all_old.then_some(ReturnValuesOnConditionCheckFailure::AllOld);
            let error = update.set_return_values_on_condition_check_failure(wanted).send().await.unwrap_err();
            let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
                panic!("{error:?}")
            };
            assert_eq!(failed.item.is_some(), stands && all_old);
            assert_eq!(self.get(&partition).await.is_some_and(|item| !item.contains_key("a")), stands);
        }
    }

    async fn sets_come_and_go_with_their_members(&self) {
        let add = |members: &[&str]| [(":v", set(members))];
        assert_eq!(self.updated("sets", "DELETE #a :v", &add(&["x"])).await, item(&[]));
        assert_eq!(self.updated("sets", "ADD #a :v", &add(&["x"])).await, item(&[("a", set(&["x"]))]));
        let both = self.updated("sets", "ADD #a :v", &add(&["x", "y"])).await;
        assert_eq!(both["a"].as_ss().unwrap().len(), 2);
        assert_eq!(self.updated("sets", "DELETE #a :v", &add(&["x", "z"])).await, item(&[("a", set(&["y"]))]));
        assert_eq!(self.updated("sets", "DELETE #a :v", &add(&["y"])).await, item(&[]));
        assert!(self.get("sets").await.is_some());
    }

    async fn operands_are_read_from_what_stood_before(&self) {
        self.put("operands", "-", &[("a", number("1"))]).send().await.unwrap();
        let update = "SET #a = :v, #b = if_not_exists(#a, :v)";
        let after = self.updated("operands", update, &[(":v", number("2"))]).await;
        assert_eq!(after, item(&[("a", number("2")), ("b", number("1"))]));
        let after =
            self.updated("operands", "SET #in = if_not_exists(#in, :v) REMOVE #a, #b", &[(":v", number("3"))]).await;
        assert_eq!(after, item(&[("in", number("3"))]));
        let map = M(item(&[("b", number("3"))]));
        let after = self.updated("operands", "SET #in = :v", &[(":v", map.clone())]).await;
        assert_eq!(after, item(&[("in", map.clone())]));
        let after = self
            .updated("operands", "SET #in.#in = :v, #in.#b = :w", &[(":v", map.clone()), (":w", number("4"))])
            .await;
        assert_eq!(after, item(&[("in", M(item(&[("in", map), ("b", number("4"))])))]));
        let error = self.update("operands", "SET #a.#b = :v", &[(":v", number("2"))]).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationException"));
        assert!(!self.get("operands").await.unwrap().contains_key("a"));
    }

    async fn a_query_counts_before_it_filters(&self) {
        for (sort, a) in [("1", "x"), ("10", "y"), ("2", "x"), ("B", "x"), ("a", "x")] {
            self.put("query", sort, &[("a", text(a)), ("b", text("hidden"))]).send().await.unwrap();
        }
        // From where, in which direction, how many at most; what is found, and where it stopped.
        let cases = [
            (None, true, 9, vec!["1", "2", "B", "a"], None),
            (None, true, 2, vec!["1"], Some("10")),
            (None, true, 1, vec!["1"], Some("1")),
            (Some("10"), true, 1, vec!["2"], Some("2")),
            (Some("1"), true, 1, vec![], Some("10")),
            (None, false, 2, vec!["a", "B"], Some("B")),
            (Some("2"), false, 1, vec![], Some("10")),
            (Some("10"), false, 9, vec!["1"], None),
        ];
        for (start, forward, limit, found, end) in cases {
            let query = self.client.query().table_name(&self.table).consistent_read(true);
            let query = query.key_condition_expression("#pk = :pk AND #sk >= :sk").filter_expression("#a = :a");
            let query = query.projection_expression("#sk, #a").scan_index_forward(forward).limit(limit);
            let query = query.set_expression_attribute_names(Some(names("#pk #sk #a")));
            let values = item(&[(":pk", text("query")), (":sk", text("1")), (":a", text("x"))]);
            let query = query.set_expression_attribute_values(Some(values));
            let page = query.set_exclusive_start_key(start.map(|sort| key("query", sort))).send().await.unwrap();
            let expected: Vec<_> = found.iter().map(|sort| item(&[("sk", text(sort)), ("a", text("x"))])).collect();
            assert_eq!(page.items(), expected, "{start:?} {forward} {limit}");
            assert_eq!(page.last_evaluated_key, end.map(|sort| key("query", sort)), "{start:?} {forward} {limit}");
        }
    }
}
