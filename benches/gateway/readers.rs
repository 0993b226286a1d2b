//! (k) Events per second through each reader of replies, and the gateway's memory at an event of 10 MiB.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use agentcore_gateway::agent::MAX_EVENT_BYTES;
use agentcore_gateway::agent::content_encoding::Decoder;
use agentcore_gateway::agent::reply::EventReader;
use agentcore_gateway::protocol::report::Reports;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Result;
use crate::agent::{Form, Plan, event};
use crate::client::Client;
use crate::gateway::Gateway;
use crate::report::{Report, kib, mb_per_second, times};

const EVENTS: usize = 200_000;
/// About what a read of a socket brings.
const CHUNK: usize = 16 * 1024;
/// Each body is read so often; the fastest counts.
const ROUNDS: usize = 5;

pub(crate) async fn measure(agent: SocketAddr, report: &mut Report) -> Result<()> {
    report.title("(k) Readers of replies: 200,000 events of a token each, in chunks of 16 KiB")?;
    report.columns(&["events/s", "MB/s"])?;
    for (name, content_type, body) in bodies() {
        row(report, name, content_type, &body, read(content_type, &body, body.len())?)?;
    }
    let (_, content_type, body) = bodies().swap_remove(0);
    let encoded = Bytes::from(gzip(&body)?);
    row(report, "events, gzip", content_type, &body, read_encoded(content_type, &encoded)?)?;

    report.title("    Most resident memory of the gateway with one event of 10 MiB, beyond one reply served")?;
    report.columns(&["peak", "of the event"])?;
    for (name, form) in [("events", Form::Events), ("lines", Form::Lines), ("one JSON text", Form::Json)] {
        let gateway = Gateway::start(agent, &["--max-reply-bytes", "16777216"])?;
        let mut client = Client::connect(gateway.target()).await?;
        client.ask(Plan::new(1, 0)).await?;
        let empty = gateway.resident()?;
        client.ask(Plan::new(1, 0).of_bytes(MAX_EVENT_BYTES).in_form(form)).await?;
        let peak = gateway.peak()?.saturating_sub(empty);
        report.row(name, &[kib(peak), times(peak as f64 / MAX_EVENT_BYTES as f64)])?;
    }
    Ok(())
}

/// The same events in each form that is a stream, and as text.
fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let body = |before: &str, behind: &str| format!("{before}{}{behind}", event(0)).repeat(EVENTS).into_bytes();
    let of = |form: Form| body(form.around().0, form.around().1);
    vec![
        ("events", Form::Events.content_type(), of(Form::Events)),
        ("events with names", Form::Events.content_type(), body("event: updates\ndata: ", "\n\n")),
        ("lines", Form::Lines.content_type(), of(Form::Lines)),
        ("a sequence", "application/json-seq", body("\u{1e}", "\n")),
        ("text", "text/plain", body("", "\n")),
    ]
}

fn row(report: &Report, name: &str, content_type: &str, body: &[u8], time: Duration) -> Result<()> {
    let per_second = EVENTS as f64 / time.as_secs_f64();
    // A piece of text is whatever has come.
    let events = if content_type == "text/plain" { String::new() } else { format!("{per_second:.0}") };
    report.row(name, &[events, mb_per_second(body.len(), time)])
}

fn fastest(mut round: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        round()?;
        fastest = fastest.min(began.elapsed());
    }
    Ok(fastest)
}

/// A reader, and what looks at its events.
struct Reading {
    reader: EventReader,
    reports: Option<Reports>,
    bytes: usize,
}

impl Reading {
    fn of(content_type: &str) -> Self {
        let reader = EventReader::new(Some(content_type), MAX_EVENT_BYTES);
        let reports = reader.is_stream().then(Reports::default);
        Self { reader, reports, bytes: 0 }
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        for event in self.reader.feed(chunk)? {
            self.bytes += event.as_json().len();
            if let Some(words) = self.reports.as_mut().and_then(|reports| reports.take(&event)) {
                return Err(words.into());
            }
        }
        Ok(())
    }
}

fn read(content_type: &str, body: &[u8], least: usize) -> Result<Duration> {
    fastest(|| {
        let mut reading = Reading::of(content_type);
        body.chunks(CHUNK).try_for_each(|chunk| reading.feed(chunk))?;
        if reading.bytes < least / 2 { Err("events are missing".into()) } else { Ok(()) }
    })
}

fn read_encoded(content_type: &str, encoded: &Bytes) -> Result<Duration> {
    fastest(|| {
        let mut reading = Reading::of(content_type);
        let mut decoder = Decoder::for_encoding("gzip").ok_or("gzip is no encoding")?;
        let mut rest = encoded.clone();
        while !rest.is_empty() {
            decoder.add(rest.split_to(CHUNK.min(rest.len())));
            while !decoder.is_idle() {
                reading.feed(&decoder.decode()?)?;
            }
        }
        Ok(decoder.finish()?)
    })
}

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}
