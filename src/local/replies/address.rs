//! Where agents find the queue.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::protocol::reply::ReplyQueue;

/// The path that agents send to: that of the endpoint.
const ENDPOINT: &str = "/replies";

/// The path of the queue's URL. Some SDKs (JavaScript) send to this one instead, and a slash may end either.
const QUEUE: &str = "/replies/replies.fifo";

/// What an agent is told of the region. It only goes into signatures, which nobody checks here.
const REGION: &str = "local";

/// Whether a request for `path` is for the queue.
#[must_use]
pub fn is_meant(path: &str) -> bool {
    matches!(path.strip_suffix('/').unwrap_or(path), ENDPOINT | QUEUE)
}

/// The queue of a gateway that listens at `listening`, for agents on this machine.
#[must_use]
pub fn reply_queue(listening: SocketAddr) -> ReplyQueue {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let origin = format!("http://{}", SocketAddr::new(ip, listening.port()));
    ReplyQueue {
        queue_url: format!("{origin}{QUEUE}"),
        region: REGION.to_owned(),
        endpoint_url: Some(format!("{origin}{ENDPOINT}")),
    }
}
