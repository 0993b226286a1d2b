//! The environments of the `connections` function: each handles one event at a time, and is frozen between them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentcore_gateway::connections::ConnectionsHandler;
use aws_lambda_events::event::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use tokio::time::sleep;

use super::dice::Dice;
use super::process::Process;

/// When something happens to an invocation it does within so much time: most take no longer.
const SOON: Duration = Duration::from_millis(500);

/// The longest that an invocation is frozen in its middle.
const LONGEST_FREEZE: Duration = Duration::from_secs(180);

struct Environment {
    process: Process,
    handler: ConnectionsHandler,
}

/// All environments that there are.
pub struct Functions {
    pub make: Box<dyn Fn(&Process) -> ConnectionsHandler + Send + Sync>,
    pub dice: Dice,
    /// How often an invocation dies, or is frozen for a while.
    pub trouble: f64,
    /// The numbers of processes.
    pub next: Arc<AtomicUsize>,
    idle: Mutex<Vec<Environment>>,
}

impl Functions {
    pub fn new(
        make: impl Fn(&Process) -> ConnectionsHandler + Send + Sync + 'static,
        dice: Dice,
        trouble: f64,
        next: Arc<AtomicUsize>,
    ) -> Self {
        Self { make: Box::new(make), dice, trouble, next, idle: Mutex::default() }
    }

    /// Handles one event; `None` if its environment died.
    pub async fn invoke(self: Arc<Self>, event: ApiGatewayWebsocketProxyRequest) -> Option<ApiGatewayProxyResponse> {
        let idle = self.idle.lock().unwrap().pop();
        let environment = idle.unwrap_or_else(|| {
            let process = Process::new(self.next.fetch_add(1, Ordering::Relaxed));
            Environment { handler: (self.make)(&process), process }
        });
        environment.process.thaw();
        let response = tokio::select! {
            biased;
            () = self.disturb(&environment.process) => None,
            response = environment.process.run(environment.handler.handle(&event)) => Some(response),
        };
        if response.is_none() {
            environment.process.die();
        } else {
            environment.process.freeze(true);
            self.idle.lock().unwrap().push(environment);
        }
        response
    }

    /// Returns when the process dies.
    async fn disturb(&self, process: &Process) {
        if !self.dice.chance(self.trouble) {
            std::future::pending::<()>().await;
        }
        sleep(self.dice.time(SOON)).await;
        if self.dice.chance(0.3) {
            return;
        }
        process.freeze(true);
        sleep(self.dice.time(LONGEST_FREEZE)).await;
        process.thaw();
        std::future::pending::<()>().await;
    }
}
