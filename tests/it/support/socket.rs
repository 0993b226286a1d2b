//! The local gateway on a free port, and clients on real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use agentcore_gateway::agent::endpoint::Endpoint;
use agentcore_gateway::local::{Config, Gateway};
use agentcore_gateway::protocol::ids::AgentName;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// No answer within this time is a failure of the test; nothing waits for it otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway with the demo agent, or with `agent` as its default agent.
pub async fn gateway(agent: Option<&str>, change: impl FnOnce(&mut Config)) -> Gateway {
    let endpoint = |url: &str| -> Endpoint { url.parse().expect("a URL") };
    let agents = agent.map(|url| (AgentName::default_agent(), endpoint(url))).into_iter().collect::<BTreeMap<_, _>>();
    let mut config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), agents, ..Config::default() };
    change(&mut config);
    Gateway::start(config).await.expect("a free port")
}

/// Status and body of the answer to a handshake with further `headers`, which is refused.
pub async fn refusal(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = reqwest::Client::new()
        .get(format!("http://{}{path}", gateway.address()))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("the gateway listens");
    (answer.status(), answer.text().await.expect("a body"))
}

/// A WebSocket client.
pub struct Client {
    pub stream: WebSocketStream<TcpStream>,
    pub protocol: Option<String>,
}

impl Client {
    pub async fn connect(gateway: &Gateway) -> Self {
        Self::try_connect(gateway, "/", &[]).await.expect("the gateway lets everybody in")
    }

    /// Connects to `path` with further `headers`; the status if that is refused.
    pub async fn try_connect(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        Self::at(gateway.address(), path, headers).await
    }

    /// The same for the gateway that listens at `address`.
    pub async fn at(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a URL");
        for (name, _) in headers {
            request.headers_mut().remove(*name);
        }
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header name");
            request.headers_mut().append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        let tcp = TcpStream::connect(address).await.expect("the gateway listens");
        match client_async(request, tcp).await {
            Ok((stream, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|protocol| protocol.to_str().expect("text").to_owned());
                Ok(Self { stream, protocol })
            }
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the connection is open");
    }

    /// The next message; `None` when the gateway has closed.
    pub async fn next(&mut self) -> Option<Value> {
        match self.next_message().await {
            Some(Message::Text(text)) => Some(serde_json::from_str(&text).expect("a message is JSON")),
            _ => None,
        }
    }

    pub async fn answer_to(&mut self, message: &str) -> Value {
        self.send_text(message).await;
        self.next().await.expect("an answer")
    }

    /// The code with which the gateway closes.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.next_message().await {
                Some(Message::Close(frame)) => return frame.expect("a close code").code.into(),
                Some(_) => {}
                None => panic!("the connection ended without a close frame"),
            }
        }
    }

    /// All numbered frames of `request` up to its ending.
    pub async fn run(&mut self, request: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        while !frames.last().is_some_and(is_ending) {
            let frame = self.next().await.expect("the run goes on");
            if frame["requestId"] == request && frame.get("seq").is_some() {
                frames.push(frame);
            }
        }
        frames
    }

    /// Sends a prompt as `request` of session `s`, and returns the frames of its run.
    pub async fn ask(&mut self, prompt: &str, request: &str) -> Vec<Value> {
        self.send(&json!({"prompt": prompt, "sessionId": "s", "requestId": request})).await;
        self.run(request).await
    }

    async fn next_message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("the gateway says something");
        next.and_then(Result::ok)
    }
}

pub fn is_ending(frame: &Value) -> bool {
    matches!(frame["type"].as_str(), Some("completed" | "failed" | "stopped"))
}
