//! The function behind the queue of prompts: calls agents and pushes their replies.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::{self, worker};
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment) -> Result<(), Error> {
    let config = worker::Config::read(&environment)?;
    let worker = config.worker(&function::aws::config(&environment)?)?;
    // One batch after the other on Lambda, many at once on Lambda Managed Instances.
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let worker = worker.clone();
        async move { Ok::<_, Infallible>(worker.handle(event.payload, worker::deadline(&event.context)).await) }
    }))
    .await
}
