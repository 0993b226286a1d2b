//! A client of the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use memchr::memmem;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Result;
use crate::agent::Plan;
use crate::client::Reply;
use crate::stats::Moment;

/// A client that hears nothing of a running reply for so long resumes it. Real clients wait longer, but it is not their
/// patience that is measured.
const SILENCE: Duration = Duration::from_secs(2);

pub(crate) struct WebSocket(WebSocketStream<TcpStream>);

impl WebSocket {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
        let (stream, _) = client_async_with_config(format!("ws://{address}/"), stream, Some(config)).await?;
        Ok(Self(stream))
    }

    pub(crate) async fn ask(&mut self, plan: Plan, reply: &mut Reply, seen: &mut impl FnMut(usize)) -> Result<()> {
        reply.asked = Moment::now();
        self.begin(plan).await?;
        // It names the run, and has the number behind which to resume.
        let mut last: Option<Frame> = None;
        loop {
            let frame = match (timeout(SILENCE, self.frame()).await, &last) {
                (Ok(frame), _) => frame?,
                (Err(_), Some(last)) => {
                    self.resume(&last.run()?, last.seq).await?;
                    continue;
                }
                (Err(_), None) => continue,
            };
            if last.as_ref().is_some_and(|last| frame.seq <= last.seq) {
                continue;
            }
            reply.frames += 1;
            if frame.is_output() {
                reply.note(frame.text.as_bytes());
                seen(reply.events.len());
            } else if frame.is_completed() {
                reply.ended = Moment::now();
                return Ok(());
            }
            last = Some(frame);
        }
    }

    /// Asks for the reply that `plan` describes.
    pub(crate) async fn begin(&mut self, plan: Plan) -> Result<()> {
        Ok(self.0.send(Message::text(format!(r#"{{"prompt":"{plan}"}}"#))).await?)
    }

    /// Asks for all of `run` behind the frame `after`.
    pub(crate) async fn resume(&mut self, run: &Run, after: u64) -> Result<()> {
        let Run { request, session } = run;
        let text = format!(r#"{{"action":"resume","sessionId":"{session}","requestId":"{request}","after":{after}}}"#);
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// Sends the smallest message there is and waits for its answer.
    pub(crate) async fn echo(&mut self) -> Result<()> {
        self.0.send(Message::text(r#"{"action":"echo"}"#)).await?;
        self.text().await.map(drop)
    }

    /// The next numbered frame of a run that has not failed.
    pub(crate) async fn frame(&mut self) -> Result<Frame> {
        loop {
            let text = self.text().await?;
            if matches!(kind(&text), Some("accepted" | "progress" | "resumed")) {
                continue;
            }
            let seq = seq(&text).filter(|_| matches!(kind(&text), Some("started" | "output" | "completed")));
            let seq = seq.ok_or_else(|| format!("the gateway sent {text}"))?;
            return Ok(Frame { seq, text });
        }
    }

    async fn text(&mut self) -> Result<Utf8Bytes> {
        match self.0.next().await.ok_or("the gateway closed a connection")?? {
            Message::Text(text) => Ok(text),
            _ => Err("the gateway sent something else than text".into()),
        }
    }
}

/// A numbered frame.
pub(crate) struct Frame {
    pub(crate) seq: u64,
    pub(crate) text: Utf8Bytes,
}

impl Frame {
    pub(crate) fn is_output(&self) -> bool {
        kind(&self.text) == Some("output")
    }

    pub(crate) fn is_completed(&self) -> bool {
        kind(&self.text) == Some("completed")
    }

    /// The run that it belongs to.
    pub(crate) fn run(&self) -> Result<Run> {
        let member = |name: &str| {
            let (_, rest) = self.text.split_once(&format!(r#""{name}":""#))?;
            rest.split('"').next().map(str::to_owned)
        };
        let names = member("requestId").zip(member("sessionId"));
        let (request, session) = names.ok_or("a frame without names")?;
        Ok(Run { request, session })
    }
}

/// What a run is resumed by.
pub(crate) struct Run {
    request: String,
    session: String,
}

fn kind(text: &str) -> Option<&str> {
    text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next())
}

/// A frame's number, which stands in front of its events.
fn seq(text: &str) -> Option<u64> {
    let start = memmem::find(text.as_bytes(), br#""seq":"#)? + 6;
    let end = text[start..].find(|next: char| !next.is_ascii_digit())?;
    text[start..][..end].parse().ok()
}
