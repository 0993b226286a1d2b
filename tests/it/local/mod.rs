//! The local gateway on real sockets.

mod handshake;
mod limits;
mod pages;
mod program;
mod replies;
mod reply_queue;
mod storm;
#[cfg(feature = "jwt")]
mod tokens;
mod uploads;
