//! The function behind `$default`: validates messages and puts prompts into the queue.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::metrics::Metrics;
use agentcore_gateway::function::websocket_event::WebSocketEvent;
use agentcore_gateway::function::{self, message::Config};
use agentcore_gateway::trace::TraceContext;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = Config::read(&environment)?;
    let handler = &config.handler(&function::aws::config(&environment)?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<WebSocketEvent>| {
        let trace = event.context.xray_trace_id.as_deref().map(TraceContext::from_xray).unwrap_or_default();
        Ok::<_, Infallible>(metrics.written(handler.handle(&event.payload.into(), trace)).await)
    }))
    .await
}
