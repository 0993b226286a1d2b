//! What is taken, for whatever is sent.

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::replies::message::{is_allowed, is_id};
use axum::body::Body;
use http::StatusCode;
use proptest::prelude::*;
use serde_json::json;

use super::{Door, SEND, SEND_BATCH, URL, entry, request, said};

/// Punctuation as the reference of `SendMessage` lists it.
const PUNCTUATION: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Mostly ids, and what is nearly one.
fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,128}", "[!-~]{0,130}", "[ -\u{7f}]{1,3}", "\\PC{0,3}"]
}

proptest! {
    #[test]
    fn an_id_is_letters_digits_and_punctuation(id in id()) {
        let is_listed = |character: char| character.is_ascii_alphanumeric() || PUNCTUATION.contains(character);
        let expected = (1..=128).contains(&id.chars().count()) && id.chars().all(is_listed);
        prop_assert_eq!(is_id(&id), expected);
    }

    #[test]
    fn a_character_is_taken_if_xml_has_it(character in any::<char>()) {
        let code = u32::from(character);
        let ranges = [0x9..=0x9, 0xA..=0xA, 0xD..=0xD, 0x20..=0xD7FF, 0xE000..=0xFFFD, 0x1_0000..=0x10_FFFF];
        prop_assert_eq!(is_allowed(character), ranges.iter().any(|range| range.contains(&code)));
    }

    #[test]
    fn a_message_is_queued_if_and_only_if_all_its_parts_are_good(
        group in prop::option::of(id()),
        deduplication in prop::option::of(id()),
        tail in prop_oneof![Just(String::new()), any::<char>().prop_map(String::from)],
        delay in prop::option::of(0..2i64),
    ) {
        let good = group.as_deref().is_some_and(is_id)
            && deduplication.as_deref().is_some_and(is_id)
            && tail.chars().all(|character| matches!(character, ' ' | '\t' | '\n' | '\r'))
            && delay != Some(1);
        let body = json!({
            "QueueUrl": URL,
            "MessageBody": format!("{}{tail}", said(0)),
            "MessageGroupId": group,
            "MessageDeduplicationId": deduplication,
            "DelaySeconds": delay,
        });
        let (status, waiting) = block_on(async {
            let door = Door::without_socket(AllowedOrigins::Any).await;
            let answer = door.replies.answer(request(SEND, Body::from(body.to_string()))).await;
            (answer.status(), door.queue.len())
        });
        prop_assert_eq!((status == StatusCode::OK, waiting), (good, usize::from(good)));
    }

    #[test]
    fn whatever_comes_is_answered(body in prop::collection::vec(any::<u8>(), 0..200), is_batch in any::<bool>()) {
        let target = if is_batch { SEND_BATCH } else { SEND };
        let status = block_on(async {
            let door = Door::without_socket(AllowedOrigins::Any).await;
            door.replies.answer(request(target, Body::from(body))).await.status()
        });
        prop_assert!(status.is_client_error());
    }

    #[test]
    fn every_entry_of_a_batch_is_answered_once(ids in prop::collection::vec("[a-c]{1,2}|[ .]", 0..12)) {
        let entries: Vec<_> = (0..).zip(&ids).map(|(index, id)| entry(id, &said(index))).collect();
        let body = json!({"QueueUrl": URL, "Entries": entries}).to_string();
        let (answer, waiting) = block_on(async {
            let door = Door::without_socket(AllowedOrigins::Any).await;
            (door.replies.answer(request(SEND_BATCH, Body::from(body))).await.status(), door.queue.len())
        });
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        let is_batch = (1..=10).contains(&ids.len())
            && distinct.len() == ids.len()
            && ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        prop_assert_eq!((answer == StatusCode::OK, waiting), (is_batch, if is_batch { ids.len() } else { 0 }));
    }
}
