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
        let prompt = format!(r#"{{"prompt":"{plan}"}}"#);
        reply.asked = Moment::now();
        self.0.send(Message::text(prompt)).await?;
        // The last frame that came, which names the run and has its number.
        let mut last: Option<Utf8Bytes> = None;
        loop {
            let message = match (timeout(SILENCE, self.0.next()).await, &last) {
                (Ok(message), _) => message.ok_or("the gateway closed a connection")??,
                (Err(_), Some(last)) => {
                    self.0.send(Message::text(resume_after(last)?)).await?;
                    continue;
                }
                (Err(_), None) => continue,
            };
            let Message::Text(text) = message else { return Err("the gateway sent something else than text".into()) };
            let kind = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next());
            if matches!(kind, Some("accepted" | "progress" | "resumed")) {
                continue;
            }
            let number = seq(&text).ok_or_else(|| format!("the gateway sent {text}"))?;
            if last.as_deref().and_then(seq).is_some_and(|last| number <= last) {
                continue;
            }
            reply.frames += 1;
            match kind {
                Some("started") => {}
                Some("output") => {
                    reply.note(text.as_bytes());
                    seen(reply.events.len());
                }
                Some("completed") => {
                    reply.ended = Moment::now();
                    return Ok(());
                }
                _ => return Err(format!("the gateway sent {text}").into()),
            }
            last = Some(text);
        }
    }
}

/// A frame's number, which stands in front of its events.
fn seq(text: &str) -> Option<u64> {
    let start = memmem::find(text.as_bytes(), br#""seq":"#)? + 6;
    let end = text[start..].find(|next: char| !next.is_ascii_digit())?;
    text[start..][..end].parse().ok()
}

/// Asks for all behind the frame `last`.
fn resume_after(last: &str) -> Result<String> {
    let member = |name: &str| {
        let (_, rest) = last.split_once(&format!(r#""{name}":""#))?;
        rest.split('"').next()
    };
    let names = member("requestId").zip(member("sessionId")).zip(seq(last));
    let ((request, session), after) = names.ok_or("a frame without names")?;
    Ok(format!(r#"{{"action":"resume","sessionId":"{session}","requestId":"{request}","after":{after}}}"#))
}
