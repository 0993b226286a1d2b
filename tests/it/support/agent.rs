//! A fake agent on a real socket: HTTP/1.1 as scripted, good or bad, with every request recorded.
//!
//! A handler makes one [`Script`] per request. `FakeAgent::start(|_| Script::json("1"))` answers all alike;
//! `FakeAgent::sequence([…])` answers in order; [`Script::stream`] gives the test a handle that sends a body step by
//! step. The agent is gone, with all its connections, when it is dropped.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

/// One request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Path and query, as they stood on the wire.
    pub path: String,
    /// Names in lower case, in the order of the wire.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// The value of the header `name` (lower case), which must not come twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "the header {name} came twice");
        value
    }
}

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
        let (sender, steps) = unbounded_channel();
        let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
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

type Handler = Arc<Mutex<dyn FnMut(&Request) -> Script + Send>>;

pub struct FakeAgent {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    arrivals: tokio::sync::Mutex<UnboundedReceiver<Request>>,
    server: JoinHandle<()>,
}

impl FakeAgent {
    /// Starts an agent on a free port of 127.0.0.1 that does with each request what `handler` says.
    pub async fn start(handler: impl FnMut(&Request) -> Script + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, (arrived, arrivals)) = (Arc::new(Mutex::new(Vec::new())), unbounded_channel());
        let log = Log { requests: Arc::clone(&requests), arrived };
        let server = tokio::spawn(serve(listener, Arc::new(Mutex::new(handler)), log));
        Self { address, requests, arrivals: tokio::sync::Mutex::new(arrivals), server }
    }

    /// An agent that follows `scripts`, one per request. A request too many is answered with 500.
    pub async fn sequence(scripts: impl IntoIterator<Item = Script>) -> Self {
        let mut scripts: VecDeque<Script> = scripts.into_iter().collect();
        Self::start(move |_| scripts.pop_front().unwrap_or_else(|| Script::status(500, "no script is left"))).await
    }

    /// An agent that does `script` with its only request.
    pub async fn once(script: Script) -> Self {
        Self::sequence([script]).await
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, each there before it is answered.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request so far.
    pub fn only_request(&self) -> Request {
        let [request] = <[Request; 1]>::try_from(self.requests()).expect("exactly one request");
        request
    }

    /// Waits for the next request that no call of this has returned yet.
    pub async fn next_request(&self) -> Request {
        self.arrivals.lock().await.recv().await.expect("the agent runs")
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A port that refuses connections for as long as this lives: bound, so that nobody else gets it, but not listening.
pub struct RefusingPort(TcpSocket);

impl RefusingPort {
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

#[derive(Clone)]
struct Log {
    requests: Arc<Mutex<Vec<Request>>>,
    arrived: UnboundedSender<Request>,
}

async fn serve(listener: TcpListener, handler: Handler, log: Log) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (handler, log) = (Arc::clone(&handler), log.clone());
        // A client may close a connection at any moment; that is its right and no error here.
        connections.spawn(async move { drop(converse(stream, handler, log).await) });
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, handler: Handler, log: Log) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let script = handler.lock().unwrap()(&request);
        log.requests.lock().unwrap().push(request.clone());
        let _ = log.arrived.send(request);
        match script {
            Script::Answer { status, mut headers, body } => {
                headers.push(("content-length".to_owned(), body.len().to_string()));
                stream.write_all(head(status, &headers).as_bytes()).await?;
                stream.write_all(&body).await?;
            }
            Script::Stream { status, mut headers, steps } => {
                headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
                stream.write_all(head(status, &headers).as_bytes()).await?;
                if !send_steps(&mut stream, steps).await? {
                    return Ok(());
                }
            }
            Script::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Script::Never => {
                stream.fill_buf().await?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether the body was ended cleanly.
async fn send_steps(stream: &mut BufReader<TcpStream>, mut steps: UnboundedReceiver<Step>) -> std::io::Result<bool> {
    loop {
        let step = tokio::select! {
            biased;
            step = steps.recv() => step,
            // No client of ours sends the next request before it has this answer: this is the end of the connection.
            _ = stream.fill_buf() => return Ok(false),
        };
        match step {
            Some(Step::Bytes(bytes)) if bytes.is_empty() => {}
            Some(Step::Bytes(bytes)) => {
                let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
                stream.write_all(&chunk).await?;
            }
            Some(Step::End) => {
                stream.write_all(b"0\r\n\r\n").await?;
                return Ok(true);
            }
            Some(Step::BreakOff) | None => return Ok(false),
        }
    }
}

fn head(status: u16, headers: &[(String, String)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Scripted\r\n{lines}\r\n")
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() }))
}
