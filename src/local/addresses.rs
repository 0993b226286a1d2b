//! The addresses under which a gateway can be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::SockRef;
use tokio::net::TcpListener;

/// The addresses to use for what `listener` is bound to at `bound`: that one, or those of this machine if it stands for
/// all of them.
pub(super) fn of(listener: &TcpListener, bound: SocketAddr) -> Vec<SocketAddr> {
    let takes_ipv4 = bound.is_ipv4() || SockRef::from(listener).only_v6().is_ok_and(|only_v6| !only_v6);
    // Where the interfaces cannot be listed, the loopback address is still right.
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    usable(bound, takes_ipv4, interfaces.iter().map(if_addrs::Interface::ip))
}

/// The addresses to use for `bound`, on a machine that has `interfaces`: the loopback address first, IPv4 before IPv6.
/// Link-local addresses are left out, for browsers take none with a zone.
#[must_use]
pub fn usable(bound: SocketAddr, takes_ipv4: bool, interfaces: impl IntoIterator<Item = IpAddr>) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let is_usable = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => takes_ipv4 && !ip.is_link_local(),
        IpAddr::V6(ip) => bound.is_ipv6() && !ip.is_unicast_link_local(),
    };
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let mut others: Vec<_> = interfaces.into_iter().filter(|ip| !ip.is_loopback()).collect();
    others.sort();
    others.dedup();
    let first = loopback.into_iter().filter(is_usable).take(1);
    first.chain(others.into_iter().filter(is_usable)).map(|ip| SocketAddr::new(ip, bound.port())).collect()
}
