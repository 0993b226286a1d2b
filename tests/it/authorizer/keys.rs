//! The issuer's keys: which are of use, how long they are kept, and what happens if they cannot be had.

use std::time::Duration;

use agentcore_gateway::authorizer::Refusal;
use futures_util::future::join_all;

use super::Gate;
use crate::support::agent::{FakeAgent, RefusingPort, Script};
use crate::support::log::Log;
use crate::support::tokens::{issuer_with, key_set};

const ADA: Result<&str, Refusal> = Ok("auth0|ada");
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Asserts what becomes of a token, and how many requests the issuer has had by then.
async fn expect(gate: &Gate, name: &str, outcome: Result<&str, Refusal>, issuer: &FakeAgent, requests: usize) {
    assert_eq!(gate.verify(name).await, outcome.map(str::to_owned), "{name}");
    assert_eq!(issuer.requests().len(), requests, "requests after {name}");
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_tokens() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for name in ["rs256", "es256", "other_subject", "other_audience"] {
        let _ = gate.verify(name).await;
    }
    assert_eq!(issuer.requests().len(), 1);
}

#[tokio::test]
async fn tokens_that_come_at_once_share_one_fetch() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    let outcomes = join_all((0..20).map(|_| gate.verify("rs256"))).await;
    assert!(outcomes.iter().all(|outcome| outcome.is_ok()), "{outcomes:?}");
    assert_eq!(issuer.requests().len(), 1);
    gate.pass(30 * SECOND);
    let unknown = ["unknown_1", "unknown_2", "unknown_3"];
    let outcomes = join_all((0..21).map(|index| gate.verify(unknown[index % 3]))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Err(Refusal::UnknownKey)), "{outcomes:?}");
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn unknown_ids_make_the_keys_be_fetched_anew_at_most_every_half_minute() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    let unknown = Err(Refusal::UnknownKey);
    expect(&gate, "unknown_1", unknown, &issuer, 1).await;
    expect(&gate, "unknown_2", unknown, &issuer, 1).await;
    gate.pass(30 * SECOND - MILLISECOND);
    expect(&gate, "unknown_1", unknown, &issuer, 1).await;
    gate.pass(MILLISECOND);
    expect(&gate, "rs256", ADA, &issuer, 1).await;
    expect(&gate, "unknown_1", unknown, &issuer, 2).await;
    expect(&gate, "unknown_3", unknown, &issuer, 2).await;
    gate.pass(30 * SECOND);
    expect(&gate, "unknown_1", unknown, &issuer, 3).await;
}

#[tokio::test]
async fn a_key_that_the_issuer_adds_is_found_by_its_first_token() {
    let issuer = FakeAgent::sequence([key_set("rsa"), key_set("rotated")]).await;
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "next_key", Err(Refusal::UnknownKey), &issuer, 1).await;
    gate.pass(30 * SECOND);
    expect(&gate, "next_key", ADA, &issuer, 2).await;
    expect(&gate, "rs256", ADA, &issuer, 2).await;
}

#[tokio::test]
async fn a_key_that_the_issuer_withdraws_is_trusted_for_an_hour() {
    let issuer = FakeAgent::sequence([key_set("both"), key_set("ec")]).await;
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "lasting", ADA, &issuer, 1).await;
    gate.pass(HOUR - MILLISECOND);
    expect(&gate, "lasting", ADA, &issuer, 1).await;
    gate.pass(MILLISECOND);
    expect(&gate, "lasting", Err(Refusal::UnknownKey), &issuer, 2).await;
}

#[tokio::test]
async fn keys_are_used_for_a_day_while_the_issuer_is_out_of_reach() {
    let issuer = FakeAgent::sequence([key_set("both")]).await; // 500 from then on
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "lasting", ADA, &issuer, 1).await;
    gate.pass(HOUR);
    expect(&gate, "lasting", ADA, &issuer, 2).await;
    gate.pass(29 * SECOND);
    expect(&gate, "lasting", ADA, &issuer, 2).await;
    gate.pass(SECOND);
    expect(&gate, "lasting", ADA, &issuer, 3).await;
    gate.pass(23 * HOUR - 30 * SECOND - MILLISECOND);
    expect(&gate, "lasting", ADA, &issuer, 4).await;
    gate.pass(MILLISECOND);
    expect(&gate, "lasting", Err(Refusal::NoKeys), &issuer, 4).await;
}

#[tokio::test]
async fn without_any_keys_the_issuer_is_asked_again_after_five_seconds() {
    let issuer = FakeAgent::sequence([Script::status(503, ""), key_set("both")]).await;
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "rs256", Err(Refusal::NoKeys), &issuer, 1).await;
    gate.pass(5 * SECOND - MILLISECOND);
    expect(&gate, "rs256", Err(Refusal::NoKeys), &issuer, 1).await;
    gate.pass(MILLISECOND);
    expect(&gate, "rs256", ADA, &issuer, 2).await;
}

/// Asserts that no key comes of `script`, and that the log says `why`.
async fn no_keys(script: Script, why: &str) {
    let (issuer, log) = (FakeAgent::once(script).await, Log::capture());
    let gate = Gate::with_keys_at(&format!("{}/keys", issuer.url()));
    assert_eq!(gate.verify("rs256").await, Err(Refusal::NoKeys), "{why}");
    let log = log.text();
    assert!(log.contains("WARN") && log.contains(why) && log.contains("/keys"), "{why}: {log}");
}

#[tokio::test]
async fn what_is_no_key_set_is_said_in_the_log() {
    no_keys(Script::status(404, "{}"), "status 404").await;
    no_keys(Script::status(204, ""), "status 204").await;
    no_keys(Script::json("<html>"), "it is no JSON Web Key Set").await;
    no_keys(Script::json("{\"keys\": {}}"), "it is no JSON Web Key Set").await;
    no_keys(Script::json("{\"keys\": []}"), "none of its keys is of use").await;
    no_keys(key_set("useless"), "none of its keys is of use").await;
    no_keys(Script::close(), "").await;
    no_keys(Script::broken_body("application/json", "{"), "").await;
}

#[tokio::test]
async fn a_document_beyond_the_limit_is_not_read_to_its_end() {
    let (steps, script) = Script::stream();
    steps.send(vec![b' '; 256 * 1024 + 1]);
    no_keys(script, "more than 262144 bytes").await;
    steps.closed().await;
    let mut padded = vec![b' '; 200 * 1024];
    padded.extend(br#"{"keys": []}"#);
    no_keys(Script::json(padded), "none of its keys").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = issuer_with("both").await;
    no_keys(Script::status(302, "").with_header("location", &elsewhere.url()), "status 302").await;
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_given_up_in_time() {
    let (issuer, log) = (FakeAgent::once(Script::Never).await, Log::capture());
    let gate = Gate::with_keys_at(&issuer.url());
    let start = async {
        issuer.next_request().await;
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (outcome, start) = tokio::join!(gate.verify("rs256"), start);
    assert_eq!(outcome, Err(Refusal::NoKeys));
    // Timers go by whole milliseconds.
    assert!(start.elapsed() <= 5 * SECOND + MILLISECOND, "{:?}", start.elapsed());
    assert!(log.text().contains("no answer within 5 s"), "{}", log.text());
}

#[tokio::test]
async fn an_issuer_that_refuses_connections_is_said_in_the_log() {
    let (port, log) = (RefusingPort::bind(), Log::capture());
    let gate = Gate::with_keys_at(&port.url());
    assert_eq!(gate.verify("rs256").await, Err(Refusal::NoKeys));
    assert!(log.text().contains(&port.url()), "{}", log.text());
}

#[tokio::test]
async fn of_keys_with_one_id_the_one_of_the_token_s_kind_is_meant() {
    let issuer = issuer_with("same_id").await;
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "rs256", ADA, &issuer, 1).await;
    expect(&gate, "es256_with_the_id_of_the_rsa_key", ADA, &issuer, 1).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_means_the_only_key() {
    for document in ["rsa", "without_ids"] {
        let issuer = issuer_with(document).await;
        expect(&Gate::with_keys_at(&issuer.url()), "without_kid", ADA, &issuer, 1).await;
    }
    let issuer = issuer_with("without_ids").await;
    expect(&Gate::with_keys_at(&issuer.url()), "rs256", Err(Refusal::UnknownKey), &issuer, 1).await;
    let issuer = issuer_with("ec").await;
    expect(&Gate::with_keys_at(&issuer.url()), "without_kid", Err(Refusal::WrongAlgorithm), &issuer, 1).await;
}

#[tokio::test]
async fn keys_for_anything_else_and_weak_ones_are_passed_over() {
    let issuer = issuer_with("one_among_useless").await;
    let gate = Gate::with_keys_at(&issuer.url());
    expect(&gate, "without_kid", ADA, &issuer, 1).await;
    for name in ["weak_key", "for_a_useless_key"] {
        expect(&gate, name, Err(Refusal::UnknownKey), &issuer, 1).await;
    }
}
