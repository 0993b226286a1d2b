//! The gateway, as the program that people start.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::client::Target;
use crate::processor;

/// A running gateway; it ends when this is dropped.
pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
    /// Kept open: it may still be printing.
    _output: BufReader<ChildStdout>,
}

impl Gateway {
    /// Starts a gateway to `agent` with further `options`.
    pub(crate) fn start(agent: SocketAddr, options: &[&str]) -> Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_agentcore-gateway"))
            .args(["--listen", "127.0.0.1:0", "--log", "error", "--agent", &format!("http://{agent}")])
            .args(options)
            // Options are taken from the environment too.
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(process.stdout.take().ok_or("the gateway has no output")?);
        let address = output.by_ref().lines().map_while(std::io::Result::ok).find_map(|line| {
            let (_, address) = line.split_once("ws://")?;
            address.trim_end_matches('/').parse().ok()
        });
        match address {
            Some(address) => Ok(Self { process, address, _output: output }),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                Err("the gateway did not say where it listens".into())
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn target(&self) -> Target {
        Target::Gateway(self.address)
    }

    /// The memory that it has resident, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that it has had resident, in bytes.
    pub(crate) fn peak(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// The processor time that it has used.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        processor::of(&self.process.id().to_string())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
