//! The end of a connection that the gateway closes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long a client is waited for that sends nothing more, and how long one that does. Web servers grant as much to who
/// sends a request that they do not take (nginx: `lingering_timeout` and `lingering_time`).
const SILENCE: Duration = Duration::from_secs(5);
const LINGER: Duration = Duration::from_secs(30);

/// Sends what is still to be sent, and then that the connection is closed, and why.
pub(super) async fn say_why<S>(stream: &mut WebSocketStream<S>, why: CloseFrame)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = stream.start_send_unpin(Message::Close(Some(why)));
    // A client may read nothing before it has sent what it is sending.
    let flushed = poll_fn(|context| {
        discard(stream.get_mut(), context);
        stream.poll_flush_unpin(context)
    });
    let _ = timeout(LINGER, flushed).await;
}

/// Goes on reading until the client has closed too, however much it still sends: a socket that is closed with unread data
/// is reset, and then the client may never read why.
pub(super) async fn read_to_the_end<S>(mut stream: WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let io = stream.get_mut();
    let reading = async {
        let _ = io.shutdown().await;
        // On the heap: no connection needs to have room for it before its end.
        let mut buffer = vec![0; 4096];
        while let Ok(Ok(1..)) = timeout(SILENCE, io.read(&mut buffer)).await {}
    };
    let _ = timeout(LINGER, reading).await;
}

/// Reads what there is, and forgets it.
fn discard(io: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) {
    let mut buffer = [0; 4096];
    loop {
        let mut read = ReadBuf::new(&mut buffer);
        let polled = Pin::new(&mut *io).poll_read(context, &mut read);
        if !matches!(polled, Poll::Ready(Ok(()))) || read.filled().is_empty() {
            return;
        }
    }
}
