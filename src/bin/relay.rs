//! The function behind the queue of replies: journals and pushes what agents say that go on by themselves.

use std::convert::Infallible;
use std::process::ExitCode;

use agentcore_gateway::environment::Environment;
use agentcore_gateway::function::metrics::Metrics;
use agentcore_gateway::function::run_events::run_events;
use agentcore_gateway::function::{self, relay::Config};
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function::run(serve).await
}

async fn serve(environment: Environment, metrics: Metrics) -> Result<(), Error> {
    let config = Config::read(&environment)?;
    let aws = function::aws::config(&environment)?;
    let relay = &config.relay(&aws, run_events(&environment, &aws)?)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = function::deadline(&event.context);
        Ok::<_, Infallible>(metrics.written(relay.handle(event.payload, Some(deadline))).await)
    }))
    .await
}
