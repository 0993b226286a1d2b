//! Processor time, as Linux tells it in `/proc`.

use std::fs::read_to_string;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::Result;

/// `sysconf(_SC_CLK_TCK)`, which is 100 on all Linux machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// What `process` has used.
pub(crate) fn of(process: &str) -> Result<Duration> {
    used(process, 2)
}

/// What this process, agent and load generator, has used.
pub(crate) fn own() -> Result<Duration> {
    of("self")
}

/// User and system time, and with four `fields` also that of children that have ended.
fn used(process: &str, fields: usize) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, the name in parentheses, may hold anything; the times are the 14th to 17th.
    let (_, rest) = stat.rsplit_once(')').ok_or("an unknown /proc/…/stat")?;
    ticks(rest.split_whitespace().skip(11).take(fields))
}

/// What all processes have used, and what the machine below took away.
fn all() -> Result<Duration> {
    let stat = read_to_string("/proc/stat")?;
    let times = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
    // The fourth and the fifth are the time in which there was nothing to do.
    ticks(times.enumerate().filter(|(at, _)| !matches!(at, 3 | 4)).map(|(_, time)| time))
}

fn ticks<'a>(times: impl Iterator<Item = &'a str>) -> Result<Duration> {
    let times: std::result::Result<Vec<u64>, _> = times.map(str::parse).collect();
    Ok(Duration::from_secs_f64(times?.iter().sum::<u64>() as f64 / TICKS_PER_SECOND))
}

/// Finds out how much of the machine other processes take meanwhile. Gateways must have ended at both ends.
pub(crate) struct Others {
    since: Instant,
    all: Duration,
    ours: Duration,
}

impl Others {
    pub(crate) fn watch() -> Result<Self> {
        Ok(Self { since: Instant::now(), all: all()?, ours: used("self", 4)? })
    }

    /// Their share of all processors, from 0 to 1.
    pub(crate) fn share(&self) -> Result<f64> {
        let (all, ours) = (all()?.saturating_sub(self.all), used("self", 4)?.saturating_sub(self.ours));
        let machine = self.since.elapsed().as_secs_f64() * available_parallelism()?.get() as f64;
        Ok(all.saturating_sub(ours).as_secs_f64() / machine)
    }
}
