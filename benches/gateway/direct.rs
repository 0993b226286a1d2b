//! A client of the agent itself.

use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::agent::Plan;
use crate::client::Reply;
use crate::stats::Moment;

/// How a chunked body ends, with the end of the chunk before.
const END: &[u8] = b"\r\n0\r\n\r\n";

pub(crate) struct Direct {
    stream: TcpStream,
    received: BytesMut,
}

impl Direct {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: BytesMut::with_capacity(4 * 1024) })
    }

    pub(crate) async fn ask(&mut self, plan: Plan, reply: &mut Reply, seen: &mut impl FnMut(usize)) -> Result<()> {
        let body = format!(r#"{{"prompt":"{plan}"}}"#);
        let length = body.len();
        let head = format!("POST /invocations HTTP/1.1\r\nhost: agent\r\ncontent-length: {length}\r\n\r\n");
        reply.asked = Moment::now();
        self.stream.write_all((head + &body).as_bytes()).await?;
        self.received.clear();
        let mut noted = 0;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the agent closed a connection".into());
            }
            // An event is whole once its line is.
            let end = memchr::memrchr(b'\n', &self.received).map_or(noted, |at| at + 1);
            reply.note(&self.received[noted..end.max(noted)]);
            noted = end.max(noted);
            seen(reply.events.len());
            if self.received.ends_with(END) {
                reply.ended = Moment::now();
                return Ok(());
            }
        }
    }
}
