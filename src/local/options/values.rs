//! How the values of options are read. What is refused is told by its rule; the option and the value stand before it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::agent::endpoint::{Endpoint, InvalidEndpoint};
use crate::journal;
use crate::local::uploads;
use crate::protocol::ids::AgentName;

/// The port that is meant where none is given.
const PORT: u16 = 8787;

/// A hundred years: who wants no limit has none, and the end of it is still a moment.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Where to listen. What is left out is taken from the default, 127.0.0.1:8787: `:8787` too is this machine alone, for
/// nobody is to let others in by leaving something out.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = match text.rsplit_once(':') {
        _ if is_digits(text) => ("", text),
        // The colons of `::1` are the address's own.
        Some((host, port)) if is_digits(port) && text.parse::<IpAddr>().is_err() => (host, port),
        _ => (text, ""),
    };
    let host = match host {
        "" if !text.is_empty() => Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
        _ if host.eq_ignore_ascii_case("localhost") => Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
        _ => host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok(),
    };
    let port = if port.is_empty() { Some(PORT) } else { port.parse().ok() };
    host.zip(port).map(SocketAddr::from).ok_or_else(|| {
        "must be PORT, ADDRESS or ADDRESS:PORT, where ADDRESS is localhost or an IP address of this machine (0.0.0.0 or [::] \
         for all of them) and PORT is 0 to 65535"
            .to_owned()
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What to log. A word that is no level would count as a target, and then nothing else would be logged.
pub(super) fn parse_log(text: &str) -> Result<Targets, String> {
    text.split(',').map(str::trim).try_fold(Targets::new(), |targets, directive| {
        Ok(match directive.split_once('=') {
            Some((target, level)) if !target.is_empty() => targets.with_target(target, parse_level(level)?),
            _ => targets.with_default(parse_level(directive)?),
        })
    })
}

fn parse_level(word: &str) -> Result<LevelFilter, String> {
    let is_name = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    word.parse().ok().filter(|_| is_name).ok_or_else(|| {
        format!(
            "{word:?} is no level; the levels are error, warn, info, debug, trace and off, alone or by target, as in \
             warn,agentcore_gateway::worker=debug"
        )
    })
}

/// A switch in a variable. What is neither must not pass for one of the two.
pub(in crate::local) fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("its variable must be true, false, 1 or 0".to_owned()),
    }
}

pub(super) fn parse_agent(text: &str) -> Result<(AgentName, Endpoint), String> {
    let parse = |address: &str| address.parse().map_err(|error: InvalidEndpoint| error.to_string());
    // A URL may hold `=` too, but not before its `://`.
    match text.split_once('=').filter(|(name, _)| !name.contains(':')) {
        Some((name, address)) => {
            let name = AgentName::parse(name).map_err(|error| format!("the name {name:?} {error}"))?;
            Ok((name, parse(address)?))
        }
        None => Ok((AgentName::default_agent(), parse(text)?)),
    }
}

/// Where something is sent.
pub(super) fn parse_http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "must be an http(s):// URL".to_owned())
}

pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| format!("must be a number of seconds above 0 and at most {}", LONGEST.as_secs()))
}

/// A time between two frames, by the rule of Terraform's `push_interval_ms`.
pub(super) fn parse_interval(text: &str) -> Result<Duration, String> {
    let milliseconds = text.parse().ok().filter(|count| (20..=5000).contains(count));
    milliseconds
        .map(Duration::from_millis)
        .ok_or_else(|| "must be a whole number of milliseconds from 20 to 5000".to_owned())
}

pub(super) fn parse_wait(text: &str) -> Result<Duration, String> {
    let longest = journal::RETENTION;
    parse_seconds(text)
        .ok()
        .filter(|wait| *wait <= longest)
        .ok_or_else(|| format!("must be a number of seconds above 0 and at most {}", longest.as_secs()))
}

/// What is larger than the room for all could never come.
pub(super) fn parse_upload_bytes(text: &str) -> Result<u64, String> {
    let bytes = text.parse().ok().filter(|bytes| *bytes <= uploads::ROOM);
    bytes.ok_or_else(|| format!("must be 0 to {}", uploads::ROOM))
}

pub(super) fn parse_count(text: &str) -> Result<usize, String> {
    // The limit is that of the semaphore behind it.
    text.parse().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or_else(|| "must be 1 to 1000000".to_owned())
}
