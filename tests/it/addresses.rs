//! The addresses that are printed on start.

use std::net::IpAddr;

use agentcore_gateway::local::addresses::usable;

/// What a laptop has, in no order.
const INTERFACES: [&str; 8] =
    ["::1", "fe80::1", "192.168.1.5", "127.0.0.1", "2001:db8::7", "10.0.0.4", "169.254.9.9", "192.168.1.5"];

fn used(bound: &str, takes_ipv4: bool, interfaces: &[&str]) -> Vec<String> {
    let interfaces = interfaces.iter().map(|ip| ip.parse::<IpAddr>().unwrap());
    usable(bound.parse().unwrap(), takes_ipv4, interfaces).iter().map(ToString::to_string).collect()
}

#[test]
fn an_address_is_used_as_it_is() {
    for bound in ["127.0.0.1:8787", "192.0.2.7:80", "[::1]:8787", "[fe80::1]:8787"] {
        assert_eq!(used(bound, true, &INTERFACES), [bound]);
    }
}

#[test]
fn all_addresses_are_those_of_this_machine_that_a_browser_takes() {
    let ipv4 = ["127.0.0.1:8787", "10.0.0.4:8787", "192.168.1.5:8787"];
    assert_eq!(used("0.0.0.0:8787", true, &INTERFACES), ipv4);
    let both = [&ipv4[..], &["[2001:db8::7]:8787"]].concat();
    assert_eq!(used("[::]:8787", true, &INTERFACES), both);
    assert_eq!(used("[::]:8787", false, &INTERFACES), ["[::1]:8787", "[2001:db8::7]:8787"]);
}

#[test]
fn without_a_network_this_machine_is_left() {
    assert_eq!(used("0.0.0.0:8787", true, &[]), ["127.0.0.1:8787"]);
    assert_eq!(used("[::]:8787", false, &["fe80::1"]), ["[::1]:8787"]);
}
