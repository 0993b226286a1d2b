//! (b) Prompts per second, and the time to the first event, with a thousand connections.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Result;
use crate::agent::Plan;
use crate::client::{Client, Target, join_all};
use crate::gateway::Gateway;
use crate::processor;
use crate::report::{Report, ms, times};
use crate::stats::{Times, ratio};

const CONNECTIONS: usize = 1000;
const EVENTS: usize = 20;
const WARM_UP: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(5);

const PROMPTS_PER_SECOND: f64 = 3000.0;

/// When a client asks again.
#[derive(Clone, Copy)]
enum Pace {
    /// As soon as the last reply has ended.
    Closed,
    /// So often in all, whatever becomes of the replies.
    PerSecond(f64),
}

/// One answered prompt.
struct Answered {
    to_first: Duration,
    in_window: bool,
}

struct Measured {
    prompts: usize,
    per_second: f64,
    to_first: Times,
}

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(b) 1,000 connections, replies of 20 events without a pause")?;
    report.columns(&["prompts/s", "first p50", "first p99"])?;
    let direct = run(Target::Agent(agent), Pace::Closed).await?;
    row(report, "all the time, straight", &direct)?;

    let gateway = Gateway::start(agent, &[])?;
    let (busy, own_busy) = (gateway.processor_time()?, processor::own()?);
    let through = run(gateway.target(), Pace::Closed).await?;
    let each = |used: Duration| format!("{:.0} us", used.as_secs_f64() * 1e6 / through.prompts as f64);
    let (busy, own_busy) = (each(gateway.processor_time()? - busy), each(processor::own()? - own_busy));
    drop(gateway);
    row(report, "all the time, through the gateway", &through)?;
    report.row("  ratio", &[times(through.per_second / direct.per_second)])?;

    let half = Pace::PerSecond(through.per_second / 2.0);
    let direct_half = run(Target::Agent(agent), half).await?;
    row(report, "half that load, straight", &direct_half)?;
    // A new one: the old one still closes the thousand connections to the agent that it needed before.
    let gateway = Gateway::start(agent, &[])?;
    let through_half = run(gateway.target(), half).await?;
    row(report, "half that load, through the gateway", &through_half)?;
    let (one, other) = (&through_half.to_first, &direct_half.to_first);
    report
        .row("  ratio", &[String::new(), times(ratio(one.p50(), other.p50())), times(ratio(one.p99(), other.p99()))])?;
    report.row("processor time/prompt, gateway", &[busy])?;
    report.row("the same, agent and generator", &[own_busy])?;

    let measured = format!("{:.0}", through.per_second);
    let is_met = through.per_second >= PROMPTS_PER_SECOND;
    report.target("(b) at least 3000 prompts/s", measured, is_met);
    Ok(())
}

fn row(report: &Report, name: &str, measured: &Measured) -> Result<()> {
    let Measured { per_second, to_first, .. } = measured;
    report.row(name, &[format!("{per_second:.0}"), ms(to_first.p50()), ms(to_first.p99())])
}

/// What is answered within the window counts.
async fn run(target: Target, pace: Pace) -> Result<Measured> {
    let clients = Client::connect_many(target, CONNECTIONS).await?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (at, client) in clients.into_iter().enumerate() {
        tasks.spawn(ask_again(client, at, pace, start));
    }
    let answered = join_all(tasks).await?;
    let prompts = answered.len();
    let to_first: Times = answered.iter().filter(|one| one.in_window).map(|one| one.to_first).collect();
    Ok(Measured { prompts, per_second: to_first.count() as f64 / WINDOW.as_secs_f64(), to_first })
}

async fn ask_again(mut client: Client, at: usize, pace: Pace, start: Instant) -> Result<Vec<Answered>> {
    let plan = Plan::new(EVENTS, 0);
    let (from, to) = (start + WARM_UP, start + WARM_UP + WINDOW);
    let mut next = start;
    if let Pace::PerSecond(rate) = pace {
        next += Duration::from_secs_f64(at as f64 / rate);
    }
    let mut answered = Vec::new();
    while Instant::now() < to {
        let mut late = Duration::ZERO;
        if let Pace::PerSecond(rate) = pace {
            late = Instant::now().saturating_duration_since(next);
            sleep_until(next).await;
            next += Duration::from_secs_f64(CONNECTIONS as f64 / rate);
        }
        let reply = client.ask(plan).await?;
        // A question that had to wait for the last reply to end has been waiting since its time came.
        let to_first = reply.time_to_first() + late;
        answered.push(Answered { to_first, in_window: (from..to).contains(&Instant::now()) });
    }
    Ok(answered)
}
