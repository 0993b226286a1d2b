//! One open WebSocket, and what API Gateway does with it: limits, routes, answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::ApiGatewayProxyResponse;
use futures_util::{FutureExt, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::debug;

use super::hub::{OUTGOING_MESSAGES, Outgoing};
use super::linger;
use super::metrics::Counted;
use super::route::{EventSource, Route};
use super::server::Server;
use crate::clock::millis;
use crate::metrics::CONNECTIONS_OPEN;
use crate::protocol::answer::Answer;
use crate::trace::TraceContext;

/// So many messages of one connection may be with the `connections` function at once.
const CONCURRENT_INVOCATIONS: usize = 16;

/// Why the gateway closes a connection; `None`: the client did.
type Closing = Option<(CloseCode, &'static str)>;

/// When a message last went either way, in milliseconds since the connection was made.
struct Activity {
    since: Instant,
    at: AtomicU64,
}

impl Activity {
    fn note(&self) {
        self.at.store(millis(self.since.elapsed()), Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.since + Duration::from_millis(self.at.load(Ordering::Relaxed))
    }

    /// Waits until no message has gone either way for `time`. A client that sends and takes nothing is one of those.
    async fn pauses_for(&self, time: Duration) {
        loop {
            let until = self.last() + time;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl Server {
    /// Serves a connection until either side closes it.
    pub(super) async fn run_socket<S>(self: Arc<Self>, stream: WebSocketStream<S>, source: EventSource)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let _open = Counted::by(CONNECTIONS_OPEN.gauge(&[]));
        let (outgoing, mut messages) = mpsc::channel(OUTGOING_MESSAGES);
        self.hub.add(source.connection.clone(), outgoing.clone());
        let (mut sink, mut incoming) = stream.split();
        let activity = Activity { since: Instant::now(), at: AtomicU64::new(0) };
        let closing = tokio::select! {
            closing = self.read(&mut incoming, &source, outgoing, &activity) => closing,
            closing = write(&mut sink, &mut messages, &activity) => closing,
            () = sleep_until(activity.since + self.max_connection_age) => {
                Some((CloseCode::Away, "The connection has reached its age limit."))
            }
            () = activity.pauses_for(self.idle_timeout) => {
                Some((CloseCode::Away, "The connection was idle for too long."))
            }
        };
        self.hub.remove(&source.connection);
        // What was given last may still lie between the half and the stream.
        let _ = sink.flush().now_or_never();
        // A connection closes once, and would have room for it all its life.
        let closed = Box::pin(async {
            if let (Some((code, reason)), Ok(mut stream)) = (closing, incoming.reunite(sink)) {
                debug!(%code, reason, "closed a connection");
                linger::say_why(&mut stream, CloseFrame { code, reason: reason.into() }).await;
                // The hub waits for this when the gateway stops.
                drop(messages);
                linger::read_to_the_end(stream).await;
            }
        });
        tokio::join!(closed, self.disconnect(&source));
    }

    async fn read<R>(
        self: &Arc<Self>,
        incoming: &mut R,
        source: &EventSource,
        outgoing: mpsc::Sender<Outgoing>,
        activity: &Activity,
    ) -> Closing
    where
        R: Stream<Item = Result<Message, Error>> + Unpin,
    {
        let invocations = Arc::new(Semaphore::new(CONCURRENT_INVOCATIONS));
        loop {
            match incoming.next().await {
                Some(Ok(Message::Text(text))) => {
                    activity.note();
                    // Mostly there is no message, and most of a connection's memory would be room for the way of one.
                    Box::pin(self.route(text.as_str().to_owned(), source, &outgoing, &invocations)).await;
                }
                // As API Gateway does: it takes no binary frames.
                Some(Ok(Message::Binary(_))) => {
                    return Some((CloseCode::Unsupported, "Binary frames are not supported."));
                }
                Some(Ok(_)) => activity.note(),
                Some(Err(Error::Capacity(_))) => {
                    return Some((CloseCode::Size, "A message may have 128 KiB, in frames of at most 32 KiB."));
                }
                Some(Err(Error::Utf8(_))) => return Some((CloseCode::Invalid, "A text message must be UTF-8.")),
                Some(Err(Error::Protocol(_))) => {
                    return Some((CloseCode::Protocol, "That is not the WebSocket protocol."));
                }
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Selects the route and hands the answer to the client. What only looks into the queue is awaited, so that a
    /// client's prompts keep the order in which it sent them; a replay may take long, and must not hold up the rest.
    async fn route(
        self: &Arc<Self>,
        text: String,
        source: &EventSource,
        outgoing: &mpsc::Sender<Outgoing>,
        invocations: &Arc<Semaphore>,
    ) {
        let now = self.clock.now();
        match Route::select(&text) {
            Route::Ping => send(outgoing, Answer::Pong.to_text()).await,
            route @ Route::Default => {
                let event = source.message(route, text, now);
                let response = self.messages.handle(&event, TraceContext::new_root(&self.random)).await;
                respond(outgoing, response).await;
            }
            route @ (Route::Resume | Route::Stop | Route::Upload) => {
                let event = source.message(route, text, now);
                let Ok(permit) = invocations.clone().acquire_owned().await else { return };
                let (connections, outgoing) = (self.connections_of(source), outgoing.clone());
                tokio::spawn(async move {
                    respond(&outgoing, connections.handle(&event).await).await;
                    drop(permit);
                });
            }
        }
    }
}

async fn respond(outgoing: &mpsc::Sender<Outgoing>, response: ApiGatewayProxyResponse) {
    if let Some(Body::Text(text)) = response.body {
        send(outgoing, text).await;
    }
}

async fn send(outgoing: &mpsc::Sender<Outgoing>, text: String) {
    // A connection that is gone needs no answer.
    let _ = outgoing.send(Outgoing::Text(text)).await;
}

async fn write<W>(sink: &mut W, messages: &mut mpsc::Receiver<Outgoing>, activity: &Activity) -> Closing
where
    W: SinkExt<Message> + Unpin,
{
    let mut next = messages.recv().await;
    while let Some(message) = next {
        activity.note();
        let Outgoing::Text(text) = message else {
            return Some((CloseCode::Away, "The gateway is shutting down."));
        };
        if sink.feed(Message::text(text)).await.is_err() {
            return None;
        }
        next = match messages.try_recv() {
            Ok(message) => Some(message),
            Err(_) if sink.flush().await.is_err() => return None,
            Err(_) => messages.recv().await,
        };
    }
    None
}
