//! What API Gateway asks before `$connect`: may this client connect, and who is it?

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;

#[cfg(feature = "jwt")]
use super::Config;
use crate::identity::Identity;
use crate::protocol::ids::Principal;

#[cfg(feature = "jwt")]
use aws_lambda_events::event::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;

#[cfg(feature = "jwt")]
use crate::authorizer::Authorizer;

/// Who decides who may connect.
pub(super) enum Authorization {
    /// Nobody: everybody may.
    None,
    /// The authorizer, by the token.
    #[cfg(feature = "jwt")]
    Custom(Box<Authorizer>),
}

/// A client that may not connect: it sees 403, as on AWS, and the log says why.
pub(super) struct Refused;

impl Authorization {
    #[cfg(feature = "jwt")]
    pub(super) fn new(
        config: &Config,
        clock: &std::sync::Arc<dyn crate::clock::Clock>,
    ) -> Result<Self, reqwest::Error> {
        let Some(authorizer) = config.authorizer.clone() else { return Ok(Self::None) };
        Ok(Self::Custom(Box::new(Authorizer::new(authorizer, clock.clone())?)))
    }

    /// How it is then known whose an event is.
    pub(super) fn identity(&self) -> Identity {
        match self {
            Self::None => Identity::Anonymous,
            #[cfg(feature = "jwt")]
            Self::Custom(_) => Identity::Token,
        }
    }

    /// Who is to be named in the events of the connection that `event` would open; `None`: nobody.
    #[cfg_attr(not(feature = "jwt"), expect(unused_variables, reason = "nobody is asked"))]
    pub(super) async fn admit(&self, event: &ApiGatewayWebsocketProxyRequest) -> Result<Option<Principal>, Refused> {
        match self {
            Self::None => Ok(None),
            #[cfg(feature = "jwt")]
            Self::Custom(authorizer) => authorizer.admit(&asking(event)).await.map(Some).map_err(|_| Refused),
        }
    }
}

#[cfg(feature = "jwt")]
fn asking(event: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayCustomAuthorizerRequestTypeRequest {
    let mut request = ApiGatewayCustomAuthorizerRequestTypeRequest::default();
    request.headers = event.headers.clone();
    request.query_string_parameters = event.query_string_parameters.clone();
    request
}
