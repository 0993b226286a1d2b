//! Which tokens are good, one rule at a time.

use agentcore_gateway::authorizer::Refusal;

use super::{Gate, MADE, issuer_with, token};

const ADA: &str = "auth0|ada";

/// Each token has this outcome, with the issuer's two keys.
async fn expect(outcomes: &[(&str, Result<&str, Refusal>)]) {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for (name, outcome) in outcomes {
        assert_eq!(gate.verify(name).await, outcome.map(str::to_owned), "{name}");
    }
}

#[tokio::test]
async fn tokens_of_both_algorithms_are_good() {
    expect(&[("rs256", Ok(ADA)), ("es256", Ok(ADA)), ("other_subject", Ok("auth0|bob"))]).await;
}

#[tokio::test]
async fn a_token_expires_with_a_minute_of_leeway() {
    expect(&[
        ("expired_59_seconds_ago", Ok(ADA)),
        ("expired_59_and_a_half_seconds_ago", Ok(ADA)),
        ("expired_60_seconds_ago", Err(Refusal::Expired)),
        ("expired_in_1970", Err(Refusal::Expired)),
        ("without_exp", Err(Refusal::Malformed)),
        ("exp_is_text", Err(Refusal::Malformed)),
        ("exp_is_huge", Err(Refusal::Malformed)),
        ("exp_twice", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn a_token_is_valid_from_nbf_on_with_a_minute_of_leeway() {
    expect(&[
        ("valid_in_60_seconds", Ok(ADA)),
        ("valid_in_61_seconds", Err(Refusal::NotYetValid)),
        ("nbf_is_text", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_issuer_is_the_configured_one_to_the_character() {
    expect(&[
        ("other_issuer", Err(Refusal::WrongIssuer)),
        ("issuer_without_slash", Err(Refusal::WrongIssuer)),
        ("issuer_in_a_list", Err(Refusal::Malformed)),
        ("without_issuer", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_audience_is_the_configured_one_or_holds_it() {
    expect(&[
        ("audience_in_a_list", Ok(ADA)),
        ("other_audience", Err(Refusal::WrongAudience)),
        ("other_audiences", Err(Refusal::WrongAudience)),
        ("no_audience_in_a_list", Err(Refusal::WrongAudience)),
        ("without_audience", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_subject_is_one_that_can_be_a_principal() {
    let long = "s".repeat(2048);
    expect(&[
        ("long_subject", Ok(&long)),
        ("too_long_subject", Err(Refusal::WrongSubject)),
        ("empty_subject", Err(Refusal::WrongSubject)),
        ("subject_anonymous", Err(Refusal::WrongSubject)),
        ("subject_is_a_number", Err(Refusal::Malformed)),
        ("without_subject", Err(Refusal::Malformed)),
    ])
    .await;
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_key_whatever_the_token_says() {
    expect(&[
        ("none", Err(Refusal::Malformed)),
        ("hmac_with_the_public_key", Err(Refusal::WrongAlgorithm)),
        ("hmac_called_rs256", Err(Refusal::WrongSignature)),
        ("rs512", Err(Refusal::WrongAlgorithm)),
        ("ps256", Err(Refusal::WrongAlgorithm)),
        ("es256_with_the_id_of_the_rsa_key", Err(Refusal::WrongAlgorithm)),
        ("rs256_with_the_id_of_the_ec_key", Err(Refusal::WrongAlgorithm)),
    ])
    .await;
}

#[tokio::test]
async fn a_token_signed_by_somebody_else_is_refused() {
    expect(&[
        ("signed_by_another", Err(Refusal::WrongSignature)),
        ("brings_its_own_key", Err(Refusal::WrongSignature)),
        ("der_signature", Err(Refusal::WrongSignature)),
    ])
    .await;
}

#[tokio::test]
async fn a_critical_extension_is_refused() {
    expect(&[("critical", Err(Refusal::CriticalExtension)), ("critical_and_unknown", Err(Refusal::CriticalExtension))])
        .await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_refused_where_there_are_several_keys() {
    expect(&[("without_kid", Err(Refusal::UnknownKey))]).await;
}

#[tokio::test]
async fn claims_that_are_none_are_refused() {
    expect(&[("not_json", Err(Refusal::Malformed)), ("claims_are_a_list", Err(Refusal::Malformed))]).await;
}

/// `token` with the character in the middle of its part `index` replaced.
fn tampered(token: &str, index: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let middle = parts[index].len() / 2;
    let other = if &parts[index][middle..=middle] == "A" { "B" } else { "A" };
    parts[index].replace_range(middle..=middle, other);
    parts.join(".")
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for name in ["rs256", "es256"] {
        for part in [1, 2] {
            let outcome = gate.authorizer.verify(&tampered(token(name), part)).await;
            assert_eq!(outcome, Err(Refusal::WrongSignature), "{name}, part {part}");
        }
    }
    // The signature of one token under the claims of another.
    let (ada, bob) = (token("rs256").split('.'), token("other_subject").split('.'));
    let mixed = bob.take(2).chain(ada.skip(2)).collect::<Vec<_>>().join(".");
    assert_eq!(gate.authorizer.verify(&mixed).await, Err(Refusal::WrongSignature));
}

#[tokio::test]
async fn what_is_no_token_is_refused_without_asking_the_issuer() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    let (head, rest) = token("rs256").split_once('.').unwrap();
    let unsigned = format!("{head}.{}", rest.split_once('.').unwrap().0);
    let four = format!("{}.x", token("rs256"));
    let padded = format!("{head}=.{rest}");
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "ключ", "\0.\0.\0", &unsigned, &four, &padded] {
        assert_eq!(gate.authorizer.verify(text).await, Err(Refusal::Malformed), "{text:?}");
    }
    assert_eq!(issuer.requests().len(), 0);
}

#[tokio::test]
async fn a_token_longer_than_headers_may_be_is_not_even_read() {
    let issuer = issuer_with("both").await;
    let gate = Gate::with_keys_at(&issuer.url());
    for length in [10_241, 10_000_000] {
        assert_eq!(gate.authorizer.verify(&"a".repeat(length)).await, Err(Refusal::TooLong));
    }
    assert_eq!(gate.authorizer.verify(&"a".repeat(10_240)).await, Err(Refusal::Malformed));
    assert_eq!(issuer.requests().len(), 0);
}

#[test]
fn no_private_key_is_among_the_fixtures() {
    let keys = MADE.documents.values().flat_map(|document| document["keys"].as_array().unwrap());
    for key in keys {
        assert!(key.get("d").is_none(), "{key}");
    }
}
