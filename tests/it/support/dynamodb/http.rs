//! What the SDK takes for an HTTP client.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::DynamoDb;
use super::operations::Refusal;

impl DynamoDb {
    /// Status and body of what is answered to `operation`.
    pub fn execute(&self, operation: &str, body: &Value) -> (u16, Value) {
        let is_write = !matches!(operation, "GetItem" | "Query");
        if is_write && self.loses_answer.as_ref().is_some_and(|loses| loses()) {
            let _ = self.lock().execute(operation, body);
        }
        match self.lock().execute(operation, body) {
            Ok(answer) => (200, answer),
            Err(refusal) => (400, error(refusal)),
        }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let body = request.body().bytes().expect("a body in memory");
        let (operation, body) = (operation.expect("an operation"), serde_json::from_slice(body).expect("JSON"));
        let (status, answer) = self.execute(operation, &body);
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(answer.to_string()));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        response
    }
}

fn error(refusal: Refusal) -> Value {
    let (code, message, item) = match refusal {
        Refusal::Condition(item) => ("ConditionalCheckFailedException", "The conditional request failed".into(), item),
        Refusal::Invalid(message) => ("ValidationException", message, None),
    };
    let mut error = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message});
    if let Some(item) = item {
        error["Item"] = Value::Object(item);
    }
    error
}

impl HttpConnector for DynamoDb {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

impl HttpClient for DynamoDb {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}
