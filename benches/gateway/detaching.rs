//! An agent that goes on by itself after each call, as far as the gateway can see; and the way by which it does.

use std::net::SocketAddr;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Result;
use crate::agent::message_length;

/// What an agent was given for a run: whose messages go where.
pub(crate) struct Offer(Value);

/// Starts the agent within this runtime, on a free port. Each call's offer comes through the channel.
pub(crate) async fn start() -> Result<(SocketAddr, UnboundedReceiver<Offer>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (sender, offers) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move { serve(stream, sender).await.ok() });
        }
    });
    Ok((address, offers))
}

/// Answers each request with the marker.
async fn serve(mut stream: TcpStream, offers: UnboundedSender<Offer>) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let request = receive(&mut stream).await?;
        let body: Value = serde_json::from_slice(body_of(&request))?;
        let offer = Offer(body["gatewayReply"].clone());
        let marker = json!({"detached": offer.0["run"]}).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{marker}",
            marker.len()
        );
        stream.write_all(head.as_bytes()).await?;
        offers.send(offer)?;
    }
}

/// The next message of HTTP, which has a length.
async fn receive(stream: &mut TcpStream) -> Result<BytesMut> {
    let mut received = BytesMut::with_capacity(1024);
    loop {
        if let Some(length) = message_length(&received)? {
            return Ok(received.split_to(length));
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err("a connection was closed".into());
        }
    }
}

fn body_of(message: &[u8]) -> &[u8] {
    let head = memchr::memmem::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    &message[head..]
}

/// The gateway's queue of replies, over one connection.
pub(crate) struct ReplyQueue(TcpStream);

impl ReplyQueue {
    pub(crate) async fn connect(gateway: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(gateway).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends a run's message, as an SDK would.
    pub(crate) async fn send(&mut self, Offer(offer): &Offer, index: u64, message: Value) -> Result<()> {
        let mut body =
            json!({"type": "reply", "version": 1, "run": offer["run"], "token": offer["token"], "index": index});
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), message) {
            body.extend(more);
        }
        let run = offer["run"].as_str().ok_or("no long run was offered")?;
        let request = json!({
            "QueueUrl": offer["queueUrl"],
            "MessageGroupId": offer["group"],
            // As long as the hash that it really is.
            "MessageDeduplicationId": format!("{run}{index:028}"),
            "MessageBody": body.to_string(),
        })
        .to_string();
        let head = format!(
            "POST /replies HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: AmazonSQS.SendMessage\r\ncontent-length: {}\r\n\r\n",
            self.0.peer_addr()?,
            request.len()
        );
        self.0.write_all((head + &request).as_bytes()).await?;
        let answer = receive(&mut self.0).await?;
        if !answer.starts_with(b"HTTP/1.1 200 ") {
            return Err(format!("a message was refused: {}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(())
    }
}
