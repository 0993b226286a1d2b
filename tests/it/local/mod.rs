//! The local gateway on real sockets.

mod handshake;
mod limits;
mod program;
mod replies;
mod storm;
#[cfg(feature = "jwt")]
mod tokens;
