//! A client of the gateway.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Result;
use crate::agent::Plan;
use crate::client::Reply;
use crate::stats::Moment;

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
        loop {
            let message = self.0.next().await.ok_or("the gateway closed a connection")??;
            let Message::Text(text) = message else { return Err("the gateway sent something else than text".into()) };
            let kind = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next());
            match kind {
                Some("output") => {
                    reply.note(text.as_bytes());
                    reply.frames += 1;
                    seen(reply.events.len());
                }
                Some("started") => reply.frames += 1,
                Some("accepted" | "progress") => {}
                Some("completed") => {
                    reply.ended = Moment::now();
                    reply.frames += 1;
                    return Ok(());
                }
                _ => return Err(format!("the gateway sent {text}").into()),
            }
        }
    }
}
