//! The function behind the queue of prompts: calls agents and pushes their replies.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::metrics::Metrics;
use agentcore_gateway::function::run_events::run_events;
use agentcore_gateway::function::{self, worker};
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = worker::Config::read(&environment)?;
    let aws = function::aws::config(&environment)?;
    let worker = config.worker(&aws, run_events(&environment, &aws)?)?;
    // One batch after the other on Lambda, many at once on Lambda Managed Instances.
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (worker, metrics) = (worker.clone(), metrics.clone());
        // Nobody changes it, so nobody holds the other end.
        let deadline = watch::Sender::new(Some(function::deadline(&event.context))).subscribe();
        async move { Ok::<_, Infallible>(metrics.written(worker.handle(event.payload, deadline)).await) }
    }))
    .await
}
