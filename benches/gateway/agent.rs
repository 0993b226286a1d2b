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

const END: &[u8] = b"0\r\n\r\n";

/// What stands before the moment of emission in each event, and in a slice of one.
const AT: [&[u8]; 2] = [b"\"at\":", b"\"at\\\":"];

/// The text of an event; a larger event has it again and again.
const WORDS: &str = " some words";

/// In what form a reply comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Events,
    Lines,
    /// One JSON text, so it can only be one event.
    Json,
}

impl Form {
    const ALL: [Self; 3] = [Self::Events, Self::Lines, Self::Json];

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream; charset=utf-8",
            Self::Lines => "application/x-ndjson",
            Self::Json => "application/json",
        }
    }

    /// What stands around an event.
    pub(crate) fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Events => ("data: ", "\n\n"),
            Self::Lines => ("", "\n"),
            Self::Json => ("", ""),
        }
    }
}

/// A reply: so many events, each so long after the one before. Without a pause all leave in one write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) events: usize,
    pub(crate) every: Duration,
    /// How large an event is, as JSON; zero: of about a token's size.
    pub(crate) bytes: usize,
    pub(crate) form: Form,
}

impl Plan {
    pub(crate) fn new(events: usize, every_ms: u64) -> Self {
        Self { events, every: Duration::from_millis(every_ms), bytes: 0, form: Form::Events }
    }

    /// The same reply, of events of so many bytes each.
    pub(crate) fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The same reply in another form.
    pub(crate) fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
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
        let plan = number(b"events=").zip(number(b"every=")).zip(number(b"bytes=").zip(number(b"form=")));
        let ((events, every_ms), (bytes, form)) = plan.ok_or("the prompt holds no plan")?;
        let form = *Form::ALL.get(usize::try_from(form)?).ok_or("the plan has no form")?;
        Ok(Self::new(usize::try_from(events)?, every_ms).of_bytes(usize::try_from(bytes)?).in_form(form))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, bytes, form, .. } = self;
        write!(formatter, "events={events} every={}ms bytes={bytes} form={}", self.every.as_millis(), *form as usize)
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
            if let Some(length) = message_length(&received)? {
                break received.split_to(length);
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        let plan = Plan::find(&request)?;
        out.clear();
        let content_type = plan.form.content_type();
        write!(out, "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n")?;
        if plan.every.is_zero() {
            (0..plan.events).try_for_each(|_| write_event(&mut out, plan))?;
        } else {
            stream.write_all(&out).await?;
            let start = Instant::now();
            for at in 1..=plan.events {
                sleep_until(start + plan.every * u32::try_from(at)?).await;
                out.clear();
                write_event(&mut out, plan)?;
                stream.write_all(&out).await?;
            }
            out.clear();
        }
        out.extend_from_slice(END);
        stream.write_all(&out).await?;
    }
}

/// The length of the first message of HTTP in `received`, once it is whole.
pub(crate) fn message_length(received: &[u8]) -> Result<Option<usize>> {
    let Some(head) = memmem::find(received, b"\r\n\r\n").map(|at| at + 4) else { return Ok(None) };
    let text = std::str::from_utf8(&received[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = head + length.ok_or("a message without a length")??;
    Ok((received.len() >= length).then_some(length))
}

/// One event of `plan`, as one chunk of the body.
fn write_event(out: &mut Vec<u8>, plan: Plan) -> Result<()> {
    let data = event(plan.bytes);
    let (before, behind) = plan.form.around();
    let length = before.len() + data.len() + behind.len();
    Ok(write!(out, "{length:x}\r\n{before}{data}{behind}\r\n")?)
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
    AT.iter().flat_map(move |before| memmem::find_iter(text, before).map(|at| at + before.len())).map(move |at| {
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
        Moment(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    })
}
