//! The answer to API Gateway: a policy, and who it is for.

use aws_lambda_events::event::apigw::ApiGatewayCustomAuthorizerPolicy;
use aws_lambda_events::event::iam::{IamPolicyEffect, IamPolicyStatement};
use serde::Serialize;

use crate::protocol::ids::Principal;

/// The version of the policy language, which never changes.
const POLICY_LANGUAGE: &str = "2012-10-17";

/// Whom a policy that denies is for. API Gateway wants a name, and hands it to nobody.
const NOBODY: &str = "nobody";

/// What API Gateway is answered. The crate's own type for it has two members more, which would be sent as `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    principal_id: String,
    policy_document: ApiGatewayCustomAuthorizerPolicy,
}

/// The event does not name the method that is to be allowed or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the authorizer's event has no methodArn")]
pub struct NoMethod;

impl Verdict {
    /// Allows `principal` to call `method`, an ARN; without one, denies it.
    pub(super) fn new(method: &str, principal: Option<Principal>) -> Self {
        let mut statement = IamPolicyStatement::default();
        statement.action = vec!["execute-api:Invoke".to_owned()];
        statement.effect = if principal.is_some() { IamPolicyEffect::Allow } else { IamPolicyEffect::Deny };
        statement.resource = vec![method.to_owned()];
        let mut policy_document = ApiGatewayCustomAuthorizerPolicy::default();
        policy_document.version = Some(POLICY_LANGUAGE.to_owned());
        policy_document.statement = vec![statement];
        Self { principal_id: principal.map_or_else(|| NOBODY.to_owned(), String::from), policy_document }
    }
}
