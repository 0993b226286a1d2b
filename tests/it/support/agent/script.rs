//! What becomes of one request to a fake agent.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What becomes of one request.
#[derive(Debug)]
pub enum Script {
    /// An answer with `content-length`.
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// An answer in chunks, sent when the test says so: see [`Script::stream`].
    Stream { status: u16, headers: Vec<(String, String)>, steps: UnboundedReceiver<Step> },
    /// These bytes as they are, then the connection is closed; no bytes: closed without an answer.
    Raw(Vec<u8>),
    /// No answer, ever; the connection stays open until the client closes it.
    Never,
}

#[derive(Debug)]
pub enum Step {
    Bytes(Vec<u8>),
    End,
    BreakOff,
}

impl Script {
    /// An answer with `status` and no headers but `content-length`.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    /// 200 with a body of `content_type`.
    pub fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body).with_header("content-type", content_type)
    }

    /// 200 with a JSON body, as from a handler of the Python SDK that returns.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::body("application/json", body)
    }

    /// A whole stream with one event per data text, as from a handler of the Python SDK that yields.
    pub fn events(data: &[&str]) -> Self {
        let body: String = data.iter().map(|data| format!("data: {data}\n\n")).collect();
        Self::body("text/event-stream; charset=utf-8", body)
    }

    /// 200 with an event stream that `Steps` feeds. The head of the answer is sent at once.
    pub fn stream() -> (Steps, Self) {
        Self::stream_of("text/event-stream; charset=utf-8")
    }

    /// The same with a body of `content_type`.
    pub fn stream_of(content_type: &str) -> (Steps, Self) {
        let (sender, steps) = unbounded_channel();
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        (Steps(sender), Self::Stream { status: 200, headers, steps })
    }

    /// Closes the connection without an answer.
    pub fn close() -> Self {
        Self::Raw(Vec::new())
    }

    /// 200 with a body that breaks off after `sent`.
    pub fn broken_body(content_type: &str, sent: &str) -> Self {
        let length = sent.len() + 1;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        Self::Raw((head + sent).into_bytes())
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } | Self::Stream { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same with another status.
    #[must_use]
    #[cfg(feature = "s3")]
    pub fn with_status(mut self, other: u16) -> Self {
        if let Self::Answer { status, .. } | Self::Stream { status, .. } = &mut self {
            *status = other;
        }
        self
    }
}

/// The test's end of a [`Script::stream`]. Dropped before `end`, it breaks the body off.
#[derive(Debug, Clone)]
pub struct Steps(UnboundedSender<Step>);

impl Steps {
    /// Sends raw bytes of the body as one HTTP chunk.
    pub fn send(&self, bytes: impl Into<Vec<u8>>) {
        // An agent does not learn that nobody reads: what comes too late is lost.
        let _ = self.0.send(Step::Bytes(bytes.into()));
    }

    /// Sends one whole event.
    pub fn event(&self, data: &str) {
        self.send(format!("data: {data}\n\n"));
    }

    /// Ends the body cleanly.
    pub fn end(&self) {
        let _ = self.0.send(Step::End);
    }

    /// Closes the connection in mid-body.
    pub fn break_off(&self) {
        let _ = self.0.send(Step::BreakOff);
    }

    /// Waits until nothing is read from here any more: the client closed the connection, or the body ended.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}
