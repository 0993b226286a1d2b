//! (c) Frames per reply and delay where a push takes 20 ms, coalesced against one push per event.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::Plan;
use crate::client::{Client, Reply, all_delays, join_all};
use crate::gateway::Gateway;
use crate::report::{Report, ms, times};
use crate::stats::{Times, ratio};

const STREAMS: usize = 20;
const EVENTS: usize = 500;
const EVERY_MS: u64 = 5;

const P99: Duration = Duration::from_millis(150);
const BEHIND: Duration = Duration::from_secs(1);

struct Measured {
    frames: f64,
    delays: Times,
}

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(c) A push takes 20 ms; 20 streams, replies of 500 events, one every 5 ms")?;
    report.columns(&["frames/reply", "delay p50", "delay p99", "delay max"])?;
    let single = run(agent, &["--push-delay", "20", "--no-coalescing"]).await?;
    row(report, "one push per event", &single)?;
    let packed = run(agent, &["--push-delay", "20", "--max-push-interval", "100"]).await?;
    row(report, "coalesced, a frame every 100 ms", &packed)?;
    let paced = run(agent, &["--push-delay", "20"]).await?;
    row(report, "coalesced, ever fewer frames", &paced)?;
    let share = packed.frames / single.frames;
    let p99 = ratio(packed.delays.p99(), single.delays.p99());
    report.row(
        "  ratio of the first two",
        &[times(share), times(ratio(packed.delays.p50(), single.delays.p50())), times(p99)],
    )?;

    report.target("(c) at most a tenth of the frames", times(share), share <= 0.1);
    report.target("(c) coalesced p99 at most 150 ms", ms(packed.delays.p99()), packed.delays.p99() <= P99);
    report.target(
        "(c) one push per event falls behind by seconds",
        ms(single.delays.max()),
        single.delays.max() >= BEHIND,
    );
    Ok(())
}

fn row(report: &Report, name: &str, Measured { frames, delays }: &Measured) -> Result<()> {
    report.row(name, &[format!("{frames:.1}"), ms(delays.p50()), ms(delays.p99()), ms(delays.max())])
}

async fn run(agent: SocketAddr, options: &[&str]) -> Result<Measured> {
    let gateway = Gateway::start(agent, options)?;
    let plan = Plan::new(EVENTS, EVERY_MS);
    let mut tasks = JoinSet::new();
    for (at, mut client) in Client::connect_many(gateway.target(), STREAMS).await?.into_iter().enumerate() {
        tasks.spawn(async move {
            sleep(Duration::from_millis(100).mul_f64(at as f64 / STREAMS as f64)).await;
            Ok(vec![client.ask(plan).await?])
        });
    }
    let replies: Vec<Reply> = join_all(tasks).await?;
    let frames: usize = replies.iter().map(|reply| reply.frames).sum();
    Ok(Measured { frames: frames as f64 / replies.len() as f64, delays: all_delays(&replies) })
}
