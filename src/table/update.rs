//! Building one conditional update of an item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// An update expression with its condition. Attributes are always named by placeholders, for many of their names are
/// reserved words of DynamoDB.
#[derive(Debug, Default)]
pub(crate) struct Update {
    set: Vec<&'static str>,
    remove: Vec<&'static str>,
    add: Vec<&'static str>,
    delete: Vec<&'static str>,
    conditions: Vec<&'static str>,
    /// What the placeholders `#…` stand for.
    pub(crate) names: HashMap<String, String>,
    /// What the placeholders `:…` stand for.
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Update {
    /// `SET clause`.
    pub(crate) fn set(&mut self, clause: &'static str) -> &mut Self {
        self.set.push(clause);
        self
    }

    /// `REMOVE attribute`.
    pub(crate) fn remove(&mut self, attribute: &'static str) -> &mut Self {
        self.remove.push(attribute);
        self
    }

    /// `ADD clause`: of elements to a set, which is made if it is not there.
    pub(crate) fn add(&mut self, clause: &'static str) -> &mut Self {
        self.add.push(clause);
        self
    }

    /// `DELETE clause`: of elements from a set, which is gone with the last one.
    pub(crate) fn delete(&mut self, clause: &'static str) -> &mut Self {
        self.delete.push(clause);
        self
    }

    /// One more condition that must hold.
    pub(crate) fn when(&mut self, condition: &'static str) -> &mut Self {
        self.conditions.push(condition);
        self
    }

    /// Lets `#placeholder` stand for `attribute`.
    pub(crate) fn name(&mut self, placeholder: &str, attribute: impl Into<String>) -> &mut Self {
        self.names.insert(format!("#{placeholder}"), attribute.into());
        self
    }

    /// Lets `:placeholder` stand for `value`.
    pub(crate) fn value(&mut self, placeholder: &str, value: AttributeValue) -> &mut Self {
        self.values.insert(format!(":{placeholder}"), value);
        self
    }

    /// The update expression.
    pub(crate) fn expression(&self) -> String {
        let clauses = [("SET", &self.set), ("REMOVE", &self.remove), ("ADD", &self.add), ("DELETE", &self.delete)];
        let clauses = clauses.iter().filter(|(_, parts)| !parts.is_empty());
        clauses.map(|(keyword, parts)| format!("{keyword} {}", parts.join(", "))).collect::<Vec<_>>().join(" ")
    }

    /// The condition expression, if there is a condition.
    pub(crate) fn condition(&self) -> Option<String> {
        let conditions = self.conditions.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>();
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}
