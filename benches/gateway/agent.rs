//! The fake agent: the least HTTP server that streams a reply by the plan in its prompt.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use crate::Result;
use crate::stats::Moment;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
const END: &[u8] = b"0\r\n\r\n";

/// What stands before the moment of emission in each event.
pub(crate) const AT: &[u8] = b"\"at\":";

/// A reply: so many events, each so long after the one before. Without a pause all leave in one write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) events: usize,
    pub(crate) every: Duration,
}

impl Plan {
    pub(crate) fn new(events: usize, every_ms: u64) -> Self {
        Self { events, every: Duration::from_millis(every_ms) }
    }

    /// How long the reply takes the agent.
    pub(crate) fn takes(self) -> Duration {
        self.every * u32::try_from(self.events).unwrap_or(u32::MAX)
    }

    fn find(body: &[u8]) -> Result<Self> {
        let number = |name: &[u8]| {
            let start = memmem::find(body, name)? + name.len();
            let digits = body[start..].iter().take_while(|byte| byte.is_ascii_digit());
            Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
        };
        let plan = number(b"events=").zip(number(b"every="));
        let (events, every_ms) = plan.ok_or("the prompt holds no plan")?;
        Ok(Self::new(usize::try_from(events)?, every_ms))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "events={} every={}ms", self.events, self.every.as_millis())
    }
}

/// Starts the agent on a thread of its own and a free port.
pub(crate) fn start() -> Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
        runtime.block_on(async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    // A client that goes away in mid-reply is no business of the agent's.
                    tokio::spawn(async move { serve(stream).await.ok() });
                }
            }
        })
    })?;
    Ok(address)
}

/// Answers one request after the other until the client closes.
async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut received = BytesMut::with_capacity(1024);
    let mut out = Vec::new();
    loop {
        let request = loop {
            if let Some(length) = request_length(&received)? {
                break received.split_to(length);
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        let plan = Plan::find(&request)?;
        out.clear();
        out.extend_from_slice(HEAD);
        if plan.every.is_zero() {
            (0..plan.events).try_for_each(|_| write_event(&mut out))?;
        } else {
            stream.write_all(&out).await?;
            let start = Instant::now();
            for at in 1..=plan.events {
                sleep_until(start + plan.every * u32::try_from(at)?).await;
                out.clear();
                write_event(&mut out)?;
                stream.write_all(&out).await?;
            }
            out.clear();
        }
        out.extend_from_slice(END);
        stream.write_all(&out).await?;
    }
}

/// The length of the first request in `received`, once it is whole.
fn request_length(received: &[u8]) -> Result<Option<usize>> {
    let Some(head) = memmem::find(received, b"\r\n\r\n").map(|at| at + 4) else { return Ok(None) };
    let text = std::str::from_utf8(&received[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = head + length.ok_or("a request without a length")??;
    Ok((received.len() >= length).then_some(length))
}

/// One event, of about a token's size, as one chunk of the body.
fn write_event(out: &mut Vec<u8>) -> Result<()> {
    let now = Moment::now();
    let data = format!("data: {{\"at\":{},\"text\":\" some words\"}}\n\n", now.0);
    Ok(write!(out, "{:x}\r\n{data}\r\n", data.len())?)
}

/// The moments of emission of the events in `text`.
pub(crate) fn emissions(text: &[u8]) -> impl Iterator<Item = Moment> {
    memmem::find_iter(text, AT).map(move |at| {
        let digits = text[at + AT.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        Moment(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    })
}
