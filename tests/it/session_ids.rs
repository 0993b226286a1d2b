//! The session ids that AgentCore sees: 33 to 256 characters, and never one for two principals.

use std::collections::BTreeSet;

use agentcore_gateway::protocol::ids::{ConnectionId, Principal, SessionId};
use agentcore_gateway::session::SessionKey;
use agentcore_gateway::session::runtime_id::{own_session, runtime_session_id};
use proptest::prelude::*;

fn key(principal: &str, session: &str) -> SessionKey {
    SessionKey { principal: Principal::parse(principal).unwrap(), session: SessionId::parse(session).unwrap() }
}

fn runtime_id(principal: &str, session: &str) -> String {
    runtime_session_id(&key(principal, session))
}

/// The prefix and the digest of a derived id.
fn parts(id: &str) -> (&str, &str) {
    let (prefix, digest) = id.rsplit_once('-').unwrap();
    assert!(digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    (prefix, digest)
}

#[test]
fn derived_ids_are_those_that_python_makes() {
    // hashlib.sha256(principal.encode() + b"\0" + session.encode()).hexdigest()[:32]
    let cases = [
        ("anonymous", "kyoto", "kyoto-59d1b5a1c0830c5b68c1e41c0da3dfd5"),
        ("arn:aws:iam::123456789012:user/é", "Zürich / 東京", "Zrich-a5e8809738bd7170ec4b43bdc00806fe"),
        (
            "alice",
            "tenant-1_thread-00000000000000000000000001",
            "tenant-1_thread-000000000000000-3e56dff80db83f7599779ecf98bef34c",
        ),
    ];
    for (principal, session, expected) in cases {
        assert_eq!(runtime_id(principal, session), expected);
    }
}

#[test]
fn without_authentication_a_usable_id_is_used_as_it_is() {
    for id in ["a".repeat(33), "0".repeat(100), format!("a{}", "-".repeat(32)), format!("Z{}", "_-9".repeat(33))] {
        assert_eq!(runtime_id("anonymous", &id), id);
    }
}

#[test]
fn without_authentication_other_ids_are_derived() {
    let tail = "a".repeat(40);
    let ids = [
        "a".repeat(32),
        "a".repeat(101),
        format!("-{tail}"),
        format!("_{tail}"),
        format!("{tail} "),
        format!("{tail}é"),
        format!("{tail}."),
    ];
    for id in ids {
        let made = runtime_id("anonymous", &id);
        assert_ne!(made, id);
        parts(&made);
    }
}

#[test]
fn with_authentication_every_id_is_derived() {
    for id in ["a".repeat(33), "0".repeat(100), "short".to_owned()] {
        assert_ne!(runtime_id("alice", &id), id);
        assert_ne!(runtime_id("Anonymous", &id), id);
    }
}

#[test]
fn an_id_that_looks_derived_is_derived_again() {
    let victim = runtime_id("alice", "kyoto");
    for id in [victim.clone(), victim.to_uppercase(), format!("{}-{}", "x".repeat(60), "0123456789abcdef".repeat(2))] {
        assert_ne!(runtime_id("anonymous", &id), id);
        assert_ne!(runtime_id("mallory", &id), id);
    }
}

#[test]
fn an_id_that_only_resembles_a_derived_one_is_used_as_it_is() {
    let hex = "0123456789abcdef".repeat(2);
    for id in [format!("x_{hex}"), format!("x-{hex}0"), format!("x-{}g", &hex[1..]), format!("x-{hex}-")] {
        assert_eq!(runtime_id("anonymous", &id), id);
    }
}

#[test]
fn the_prefix_is_made_of_the_safe_characters() {
    let cases = [
        ("hello world", "helloworld"),
        ("a/b?c=d", "abcd"),
        ("-x", "s-x"),
        ("_x", "s_x"),
        ("é-1", "s-1"),
        ("é1", "1"),
        ("😀", "s"),
        ("...", "s"),
    ];
    for (id, prefix) in cases {
        assert_eq!(parts(&runtime_id("anonymous", id)).0, prefix, "{id}");
    }
}

#[test]
fn the_prefix_is_cut_at_31_characters() {
    assert_eq!(parts(&runtime_id("alice", &"b".repeat(31))).0, "b".repeat(31));
    assert_eq!(parts(&runtime_id("alice", &"b".repeat(32))).0, "b".repeat(31));
    assert_eq!(parts(&runtime_id("alice", &"-".repeat(40))).0, format!("s{}", "-".repeat(30)));
}

#[test]
fn ids_that_differ_only_behind_the_cut_do_not_collide() {
    let ids: BTreeSet<String> = (0..1000).map(|n| runtime_id("alice", &format!("{}{n}", "x".repeat(60)))).collect();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn principal_and_id_cannot_be_shifted_into_each_other() {
    assert_ne!(runtime_id("ab", "c"), runtime_id("a", "bc"));
    assert_ne!(parts(&runtime_id("a", "bc")).1, parts(&runtime_id("ab", "c")).1);
}

#[test]
fn a_log_names_a_session_by_a_digest() {
    // hashlib.sha256(principal.encode() + b"\0" + session.encode()).hexdigest()[:12]
    assert_eq!(key("anonymous", "kyoto").log_name(), "59d1b5a1c083");
    assert_eq!(key("alice", "kyoto").log_name(), "4518dd70c165");
}

#[test]
fn a_connection_without_a_session_has_one_of_its_own() {
    let connection = |id: &str| own_session(&ConnectionId::parse(id).unwrap());
    let own = connection("L0SM9cOFvHcCIhw=");
    assert_eq!(own.as_str(), "connection-a6689c75d1c97a69b365e57eda85e409");
    assert_ne!(connection("L0SM9cOFvHcCIhx="), own);
    assert_eq!(
        runtime_id("anonymous", own.as_str()),
        "connection-a6689c75d1c97a69b365-9c23dab685911eaa9d33507469bb3e10"
    );
}

fn principal() -> impl Strategy<Value = String> {
    prop_oneof![Just("anonymous".to_owned()), "[a-c]{1,2}", "\\PC{1,40}"]
}

fn session() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{1,2}", "[A-Za-z0-9_-]{1,130}", "[^\\p{Cc}]{1,60}", "[a-z]{1,40}-[0-9a-f]{32}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn agentcore_takes_every_id(principal in principal(), session in session()) {
        let id = runtime_id(&principal, &session);
        prop_assert!((33..=256).contains(&id.len()), "{}", id);
        prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{}", id);
        prop_assert!(id.starts_with(|first: char| first.is_ascii_alphanumeric()), "{}", id);
        prop_assert!(id == session || (34..=64).contains(&id.len()), "{}", id);
        prop_assert_eq!(&id, &runtime_id(&principal, &session));
    }

    #[test]
    fn two_sessions_never_share_an_id(one in (principal(), session()), other in (principal(), session())) {
        prop_assume!(one != other);
        prop_assert_ne!(runtime_id(&one.0, &one.1), runtime_id(&other.0, &other.1));
    }

    #[test]
    fn no_client_gets_at_a_session_of_somebody_else(one in (principal(), session()), other in principal()) {
        prop_assume!(one.0 != other);
        let victim = runtime_id(&one.0, &one.1);
        prop_assert_ne!(runtime_id(&other, &victim), victim.clone());
        prop_assert_ne!(runtime_id(&other, &one.1), victim);
    }
}
