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

/// The text of an event; a larger event has it again and again.
const WORDS: &str = " some words";

/// A reply: so many events, each so long after the one before. Without a pause all leave in one write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) events: usize,
    pub(crate) every: Duration,
    /// How large an event is, as JSON; zero: of about a token's size.
    pub(crate) bytes: usize,
}

impl Plan {
    pub(crate) fn new(events: usize, every_ms: u64) -> Self {
        Self { events, every: Duration::from_millis(every_ms), bytes: 0 }
    }

    /// The same reply, of events of so many bytes each.
    pub(crate) fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
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
        let plan = number(b"events=").zip(number(b"every=")).zip(number(b"bytes="));
        let ((events, every_ms), bytes) = plan.ok_or("the prompt holds no plan")?;
        Ok(Self::new(usize::try_from(events)?, every_ms).of_bytes(usize::try_from(bytes)?))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "events={} every={}ms bytes={}", self.events, self.every.as_millis(), self.bytes)
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
            (0..plan.events).try_for_each(|_| write_event(&mut out, plan.bytes))?;
        } else {
            stream.write_all(&out).await?;
            let start = Instant::now();
            for at in 1..=plan.events {
                sleep_until(start + plan.every * u32::try_from(at)?).await;
                out.clear();
                write_event(&mut out, plan.bytes)?;
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

/// One event of so many bytes, as one chunk of the body.
fn write_event(out: &mut Vec<u8>, bytes: usize) -> Result<()> {
    let data = event(bytes);
    // With `data: ` and the blank line behind it.
    Ok(write!(out, "{:x}\r\ndata: {data}\n\n\r\n", data.len() + 8)?)
}

/// An event of at least so many bytes that says when it was emitted: now.
pub(crate) fn event(bytes: usize) -> String {
    let event = format!("{{\"at\":{},\"text\":\"{WORDS}\"}}", Moment::now().0);
    let Some(missing) = bytes.checked_sub(event.len()) else { return event };
    let words = WORDS.repeat(missing.div_ceil(WORDS.len()));
    format!("{}{}\"}}", &event[..event.len() - 2], &words[..missing])
}

/// The moments of emission of the events in `text`.
pub(crate) fn emissions(text: &[u8]) -> impl Iterator<Item = Moment> {
    memmem::find_iter(text, AT).map(move |at| {
        let digits = text[at + AT.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        Moment(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    })
}
