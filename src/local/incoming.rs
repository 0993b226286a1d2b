//! Connections as they come in.

use std::io;
use std::net::SocketAddr;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};

/// Takes connections on which nothing waits to be sent together: frames are small and must not wait for one another.
pub(super) struct Incoming(pub(super) TcpListener);

impl Listener for Incoming {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// The address of this machine at which a connection came in; `None`: it is closed already.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalAddress(pub(super) Option<SocketAddr>);

impl Connected<IncomingStream<'_, Incoming>> for LocalAddress {
    fn connect_info(stream: IncomingStream<'_, Incoming>) -> Self {
        Self(stream.io().local_addr().ok())
    }
}
