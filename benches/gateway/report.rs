//! The figures, as people read them.

use std::error::Error;
use std::fmt::Display;
use std::io::{Write, stderr, stdout};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::Result;

/// Prints to the standard output, and keeps the targets for the end.
pub(crate) struct Report {
    targets: Vec<String>,
    missed: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { targets: Vec::new(), missed: 0 }
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

    /// Figures are worth little if other processes were busy meanwhile.
    pub(crate) fn others(&self, share: f64) -> Result<()> {
        let warning = if share > 0.05 { "; measure again when it is quiet" } else { "" };
        self.line(format_args!("  other processes took {:.0} % of the machine{warning}", share * 100.0))
    }

    /// Notes a target, and whether `measured` reaches it.
    pub(crate) fn target(&mut self, name: impl Display, measured: impl Display, is_met: bool) {
        let mark = if is_met { "met   " } else { "MISSED" };
        self.targets.push(format!("  {mark}  {name}: {measured}"));
        self.missed += usize::from(!is_met);
    }

    pub(crate) fn summary(&self) -> Result<()> {
        self.title("Targets")?;
        self.targets.iter().try_for_each(|target| self.line(target))?;
        self.line(format_args!("  {} of {} met", self.targets.len() - self.missed, self.targets.len()))
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

pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.2} x")
}
