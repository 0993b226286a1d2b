//! (a) The delay that the gateway adds, from the agent's emission of an event to its arrival at the client.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::Plan;
use crate::client::{Client, Reply, Target, all_delays, first_delays, join_all};
use crate::gateway::Gateway;
use crate::report::{Report, ms, times};
use crate::stats::ratio;

/// 50 events a second.
const EVERY_MS: u64 = 20;
const EVENTS: usize = 10;

const P50: Duration = Duration::from_millis(1);
const P99: Duration = Duration::from_millis(5);

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(a) Delay from an event's emission to its arrival, at 50 events/s per stream")?;
    report.columns(&["first p50", "first p99", "all p50", "all p99", "replies"])?;
    for (streams, replies) in [(1, 100), (100, 40)] {
        let direct = run(Target::Agent(agent), streams, replies).await?;
        let gateway = Gateway::start(agent, &[])?;
        let through = run(gateway.target(), streams, replies).await?;
        let name = if streams == 1 { "1 stream".to_owned() } else { format!("{streams} streams") };
        row(report, &format!("{name}, straight from the agent"), &direct)?;
        row(report, &format!("{name}, through the gateway"), &through)?;
        let (direct, through) = (first_delays(&direct), first_delays(&through));
        let ratios = [ratio(through.p50(), direct.p50()), ratio(through.p99(), direct.p99())];
        report.row("  ratio", &ratios.map(times))?;
        // All of the delay is held against the targets, though a part of it is the machine's.
        report.target(format!("(a) {name}: first event p50 at most 1 ms"), ms(through.p50()), through.p50() <= P50);
        report.target(format!("(a) {name}: first event p99 at most 5 ms"), ms(through.p99()), through.p99() <= P99);
    }
    Ok(())
}

fn row(report: &Report, name: &str, replies: &[Reply]) -> Result<()> {
    let (first, all) = (first_delays(replies), all_delays(replies));
    report.row(name, &[ms(first.p50()), ms(first.p99()), ms(all.p50()), ms(all.p99()), first.count().to_string()])
}

/// `streams` clients that ask one after the other for `replies` each. They start evenly within one period, as
/// independent ones would.
async fn run(target: Target, streams: usize, replies: usize) -> Result<Vec<Reply>> {
    let plan = Plan::new(EVENTS, EVERY_MS);
    let mut tasks = JoinSet::new();
    for (at, mut client) in Client::connect_many(target, streams).await?.into_iter().enumerate() {
        let offset = plan.takes().mul_f64(at as f64 / streams as f64);
        tasks.spawn(async move {
            sleep(offset).await;
            // The first reply also opens the connection to the agent.
            client.ask(plan).await?;
            let mut seen = Vec::with_capacity(replies);
            for _ in 0..replies {
                seen.push(client.ask(plan).await?);
            }
            Ok(seen)
        });
    }
    join_all(tasks).await
}
