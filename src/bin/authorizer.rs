//! The function behind the authorizer of `$connect`.

use std::process::ExitCode;
use std::sync::Arc;

use agentcore_gateway::authorizer::{Authorizer, AuthorizerConfig};
use agentcore_gateway::clock::SystemClock;
use agentcore_gateway::environment::Environment;
use agentcore_gateway::function;
use agentcore_gateway::function::metrics::Metrics;
use aws_lambda_events::event::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = AuthorizerConfig::from_environment(&environment)?;
    let (authorizer, metrics) = (&Authorizer::new(config, Arc::new(SystemClock))?, &metrics);
    run(service_fn(|event: LambdaEvent<ApiGatewayCustomAuthorizerRequestTypeRequest>| async move {
        metrics.written(authorizer.handle(&event.payload)).await.map_err(Error::from)
    }))
    .await
}
