//! The figures, as people read them.

use std::error::Error;
use std::fmt::Display;
use std::io::{Write, stderr, stdout};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::Result;

/// Others may take so much of the machine without spoiling the figures.
const QUIET: f64 = 0.05;

/// A target, and how it was done.
struct Target {
    name: String,
    measured: String,
    is_met: bool,
    /// How much of the machine other processes took meanwhile.
    others: f64,
}

/// Prints to the standard output, and keeps the targets for the end.
pub(crate) struct Report {
    targets: Vec<Target>,
    /// So many of the targets belong to figures that are done.
    done: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { targets: Vec::new(), done: 0 }
    }

    pub(crate) fn head(&self) -> Result<()> {
        let (cpus, system, machine) = (available_parallelism()?, std::env::consts::OS, std::env::consts::ARCH);
        self.line(format_args!(
            "Gateway, fake agent and load generator share {cpus} CPUs, {system} {machine}; times in milliseconds"
        ))
    }

    pub(crate) fn title(&self, title: &str) -> Result<()> {
        self.line(format_args!("\n{title}"))
    }

    /// The heads of columns.
    pub(crate) fn columns(&self, names: &[&str]) -> Result<()> {
        let names: Vec<String> = names.iter().map(|name| format!("{name:>14}")).collect();
        self.line(format_args!("  {:<34}{}", "", names.concat()))
    }

    pub(crate) fn row(&self, name: impl Display, cells: &[String]) -> Result<()> {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>14}")).collect();
        self.line(format_args!("  {:<34}{}", name.to_string(), cells.concat()))
    }

    /// Notes a target, and whether `measured` reaches it.
    pub(crate) fn target(&mut self, name: impl Display, measured: impl Display, is_met: bool) {
        let (name, measured) = (name.to_string(), measured.to_string());
        self.targets.push(Target { name, measured, is_met, others: 0.0 });
    }

    /// A figure is done. It is worth little if other processes were busy meanwhile.
    pub(crate) fn done(&mut self, others: f64) -> Result<()> {
        self.targets[self.done..].iter_mut().for_each(|target| target.others = others);
        self.done = self.targets.len();
        let warning = if others > QUIET { "; measure again when it is quiet" } else { "" };
        self.line(format_args!("  other processes took {:.0} % of the machine{warning}", others * 100.0))
    }

    pub(crate) fn summary(&self) -> Result<()> {
        self.title("Targets")?;
        for Target { name, measured, is_met, others } in &self.targets {
            let mark = if *is_met { "met   " } else { "MISSED" };
            let but = if !is_met && *others > QUIET { ", but others were busy" } else { "" };
            self.line(format_args!("  {mark}  {name}: {measured}{but}"))?;
        }
        let met = self.targets.iter().filter(|target| target.is_met).count();
        self.line(format_args!("  {met} of {} met", self.targets.len()))
    }

    pub(crate) fn error(&self, error: &dyn Error) {
        let _ = writeln!(stderr(), "error: {error}");
    }

    fn line(&self, line: impl Display) -> Result<()> {
        let mut out = stdout().lock();
        writeln!(out, "{line}")?;
        Ok(out.flush()?)
    }
}

/// Milliseconds, with three digits behind the point where they tell something.
pub(crate) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.3}") } else { format!("{ms:.1}") }
}

pub(crate) fn kib(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

/// Megabytes a second.
pub(crate) fn mb_per_second(bytes: usize, time: Duration) -> String {
    format!("{:.0}", bytes as f64 / 1e6 / time.as_secs_f64())
}

pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.2} x")
}
