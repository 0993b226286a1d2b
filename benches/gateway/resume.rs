//! (g) What a client waits for that comes back: to a running reply, and to a large one that has ended.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::agent::{Plan, emissions};
use crate::client::{Client, Target, join_all, patiently};
use crate::gateway::Gateway;
use crate::report::{Report, mb_per_second, ms, times};
use crate::stats::{Moment, Times, ratio};
use crate::websocket::{Run, WebSocket};

const CLIENTS: usize = 100;
/// Each client leaves after so many events.
const SEEN: usize = 5;
/// Away for longer than it takes until what nobody watches is durable, so that there is something to replay.
const AWAY: Duration = Duration::from_secs(7);
const BETWEEN: Duration = Duration::from_millis(100);

const REPLAYS: usize = 100;
const REPLY_EVENTS: usize = 1024;
const EVENT_BYTES: usize = 1024;

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    running(agent, report).await?;
    ended(agent, report).await
}

/// What a client saw when it came back; times are since it began to connect.
struct Return {
    /// To the answer to an echo: what the sockets take.
    echo: Duration,
    /// To the first frame that it missed.
    first: Duration,
    /// To the first event that was emitted since.
    live: Duration,
}

async fn running(agent: SocketAddr, report: &Report) -> Result<()> {
    report.title("(g1) Coming back to a running reply of 5 events/s after 7 s; 100 clients")?;
    let gateway = Gateway::start(agent, &[])?;
    let mut tasks = JoinSet::new();
    for at in 0..CLIENTS {
        let address = gateway.address();
        tasks.spawn(async move {
            let share = Duration::from_secs(1).mul_f64(at as f64 / CLIENTS as f64);
            sleep(share).await;
            let (run, after) = patiently(leave(address)).await?;
            // At any moment between two events, and between two looks of the worker at the session.
            sleep(AWAY + share).await;
            Ok(vec![patiently(come_back(address, &run, after)).await?])
        });
    }
    let returns = join_all(tasks).await?;
    let all = |of: fn(&Return) -> Duration| returns.iter().map(of).collect::<Times>();
    let (echo, first, live) = (all(|one| one.echo), all(|one| one.first), all(|one| one.live));
    report.columns(&["p50", "p99"])?;
    report.row("connect and echo", &[ms(echo.p50()), ms(echo.p99())])?;
    report.row("connect to first replayed frame", &[ms(first.p50()), ms(first.p99())])?;
    report.row("  ratio", &[times(ratio(first.p50(), echo.p50())), times(ratio(first.p99(), echo.p99()))])?;
    report.row("connect to first new event", &[ms(live.p50()), ms(live.p99())])
}

async fn come_back(address: SocketAddr, run: &Run, after: u64) -> Result<Return> {
    let echo = connect_and_echo(address).await?;
    // Both find a machine that has had time to fall asleep.
    sleep(BETWEEN).await;
    let (first, live) = connect_and_resume(address, run, after).await?;
    Ok(Return { echo, first, live })
}

async fn connect_and_echo(address: SocketAddr) -> Result<Duration> {
    let began = Moment::now();
    WebSocket::connect(address).await?.echo().await?;
    Ok(Moment::now().since(began))
}

/// The times to the first replayed frame, and to the first event that was emitted since.
async fn connect_and_resume(address: SocketAddr, run: &Run, after: u64) -> Result<(Duration, Duration)> {
    let began = Moment::now();
    let mut socket = WebSocket::connect(address).await?;
    socket.resume(run, after).await?;
    let mut frame = socket.frame().await?;
    let first = Moment::now().since(began);
    if frame.seq != after + 1 {
        return Err(format!("a replay from behind {after} began with {}", frame.seq).into());
    }
    while !emissions(frame.text.as_bytes()).any(|emitted| emitted >= began) {
        frame = socket.frame().await?;
    }
    Ok((first, Moment::now().since(began)))
}

/// Begins a reply, and goes away in its midst; returns which, and the last frame that came.
async fn leave(address: SocketAddr) -> Result<(Run, u64)> {
    let mut socket = WebSocket::connect(address).await?;
    socket.begin(Plan::new(100, 200)).await?;
    let mut events = 0;
    loop {
        let frame = socket.frame().await?;
        events += emissions(frame.text.as_bytes()).count();
        if events >= SEEN {
            return Ok((frame.run()?, frame.seq));
        }
    }
}

/// What a read of a whole reply brought.
struct Replay {
    took: Duration,
    frames: usize,
}

async fn ended(agent: SocketAddr, report: &Report) -> Result<()> {
    report.title("(g2) A reply of 1 MiB that has ended, read again; 100 times")?;
    let plan = Plan::new(REPLY_EVENTS, 0).of_bytes(EVENT_BYTES);
    let gateway = Gateway::start(agent, &[])?;
    let mut direct = Client::connect(Target::Agent(agent)).await?;
    let mut socket = WebSocket::connect(gateway.address()).await?;
    let run = patiently(whole_reply(&mut socket, plan)).await?;
    let (mut straight, mut resumed, mut frames) = (Vec::new(), Vec::new(), 0);
    for _ in 0..REPLAYS {
        let reply = direct.ask(plan).await?;
        straight.push(reply.ended.since(reply.asked));
        let replay = patiently(replay(&mut socket, &run)).await?;
        resumed.push(replay.took);
        frames = replay.frames;
    }
    let (straight, resumed): (Times, Times) = (straight.into_iter().collect(), resumed.into_iter().collect());
    report.columns(&["to last p50", "to last p99", "MB/s", "frames"])?;
    let row =
        |times: &Times| [ms(times.p50()), ms(times.p99()), mb_per_second(REPLY_EVENTS * EVENT_BYTES, times.p50())];
    report.row("straight from the agent", &row(&straight))?;
    report.row("resumed", &[row(&resumed).as_slice(), &[frames.to_string()]].concat())?;
    let ratios = [ratio(resumed.p50(), straight.p50()), ratio(resumed.p99(), straight.p99())];
    report.row("  ratio", &ratios.map(times))
}

async fn whole_reply(socket: &mut WebSocket, plan: Plan) -> Result<Run> {
    socket.begin(plan).await?;
    loop {
        let frame = socket.frame().await?;
        if frame.is_completed() {
            return frame.run();
        }
    }
}

async fn replay(socket: &mut WebSocket, run: &Run) -> Result<Replay> {
    let began = Moment::now();
    socket.resume(run, 0).await?;
    let (mut frames, mut events) = (0, 0);
    loop {
        let frame = socket.frame().await?;
        frames += 1;
        events += emissions(frame.text.as_bytes()).count();
        if frame.seq != frames as u64 {
            return Err(format!("frame {frames} of a replay had the number {}", frame.seq).into());
        }
        if frame.is_completed() {
            break;
        }
    }
    if events != REPLY_EVENTS {
        return Err(format!("a replay had {events} events instead of {REPLY_EVENTS}").into());
    }
    Ok(Replay { took: Moment::now().since(began), frames })
}
