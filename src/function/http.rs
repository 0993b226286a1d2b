//! The SDKs' HTTP client: the same reqwest that calls agents.
//!
//! The SDKs bring a client of their own, with HTTP/2 and a second TLS set-up. No service here needs HTTP/2, and a function
//! is smaller without.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::{Body, Client, Request};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends the SDKs' requests. How long an attempt may take, and whether there is another, is the SDKs' affair.
#[derive(Debug, Clone)]
pub(super) struct SdkHttp(Client);

impl SdkHttp {
    /// A client with its own pool of connections.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A signed request is for the host that it was signed for.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true);
        Ok(Self(client.build()?))
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = self.0.execute(to_reqwest(request)?);
        let response = http::Response::from(request.await.map_err(connector_error)?);
        let (parts, body) = response.into_parts();
        let bytes = reqwest::Response::from(http::Response::new(body)).bytes().await.map_err(connector_error)?;
        let response = http::Response::from_parts(parts, SdkBody::from(bytes));
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl HttpClient for SdkHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn to_reqwest(request: HttpRequest) -> Result<Request, ConnectorError> {
    let (parts, body) = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?.into_parts();
    // No call made here streams a body.
    let bytes = body.bytes().ok_or_else(|| ConnectorError::user("the body is not in memory".into()))?;
    let request = http::Request::from_parts(parts, Body::from(bytes.to_vec()));
    Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))
}

fn connector_error(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
