//! The function behind `$connect`, `$disconnect`, `resume`, `stop` and `upload`.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::metrics::Metrics;
use agentcore_gateway::function::run_events::run_events;
use agentcore_gateway::function::websocket_event::WebSocketEvent;
use agentcore_gateway::function::{self, connections::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = Config::read(&environment)?;
    let aws = function::aws::config(&environment)?;
    let handler = &config.handler(&aws, run_events(&environment, &aws)?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<WebSocketEvent>| {
        Ok::<_, Infallible>(metrics.written(handler.handle(&event.payload.into())).await)
    }))
    .await
}
