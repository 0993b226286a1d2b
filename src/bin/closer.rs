//! The function behind the queue of prompts that no worker could take, which gives their requests an ending, and behind the
//! one of runs to look after.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::metrics::Metrics;
use agentcore_gateway::function::run_events::run_events;
use agentcore_gateway::function::{self, closer::Config};
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = Config::read(&environment)?;
    let aws = function::aws::config(&environment)?;
    let events = run_events(&environment, &aws)?;
    let function = &config.function(&aws, events);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = function::deadline(&event.context);
        Ok::<_, Infallible>(metrics.written(function.handle(event.payload, deadline)).await)
    }))
    .await
}
