//! The function behind `$connect`, `$disconnect`, `resume` and `stop`.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::{self, connections::Config};
use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment) -> Result<(), Error> {
    let config = Config::read(&environment)?;
    let handler = &config.handler(&function::aws::config(&environment)?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| {
        Ok::<_, Infallible>(handler.handle(event.payload).await)
    }))
    .await
}
